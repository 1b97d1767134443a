// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
//
// ZsetTree: the elements of a large sorted set in order (score, then bytes of the member). A B+
// tree whose leaves hold pointers to elements and whose inner nodes hold, per child, the score of its
// first element and how many elements are below it, so that a rank costs one descent.
//
//     element   score 8 | length 1 (0..254), or 255 and length 4 | member      one allocation
//     leaf      up to 63 pointers, 512 bytes
//     inner     up to 31 children, 1000 bytes
//
// A full leaf gives to a neighbour before it is split, and a leaf that is full because elements
// come in order is split at its end: leaves are 80 % full in random order, 98 % in ascending order. The
// score is not kept in the leaf (it would cost 8 bytes more); a search looks at elements instead,
// in two rounds of up to eight loads that overlap.
//
// The tree owns its elements. Scores are never NaN. Threads: one at a time.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace pleiad {

struct ZsetElement {
  static ZsetElement* Create(std::string_view member, double score);
  static void Free(ZsetElement* e);
  std::string_view member() const {
    const auto size = static_cast<unsigned char>(tail[0]);
    if (size != kLong) [[likely]]
      return {tail + 1, size};
    uint32_t long_size;
    std::memcpy(&long_size, tail + 1, sizeof(long_size));
    return {tail + 5, long_size};
  }

  static constexpr unsigned char kLong = 255;
  double score;
  char tail[];
};

class ZsetTree {
 public:
  static constexpr uint32_t kLeafMax = 63;
  static constexpr uint32_t kInnerMax = 31;
  static constexpr uint32_t kDepthMax = 16;

  struct Node {
    uint32_t count;  // elements of a leaf, children of an inner node
    bool leaf;
  };
  struct Leaf : Node {
    ZsetElement* at[kLeafMax];
  };
  struct Inner : Node {
    double score[kInnerMax];        // of the child's first element
    ZsetElement* first[kInnerMax];  // the child's first element
    Node* child[kInnerMax];
    uint64_t size[kInnerMax];  // elements below the child
  };

  // Where an element is. Void after any change.
  class Cursor {
   public:
    bool valid() const { return leaf_ != nullptr; }
    const ZsetElement& element() const { return *leaf_->at[at_]; }
    void Next() {
      if (++at_ == leaf_->count) StepLeaf(true);
      Prefetch(at_ + kAhead);
    }
    void Prev() {
      if (at_-- == 0) StepLeaf(false);
      Prefetch(at_ - kAhead);
    }

   private:
    friend class ZsetTree;
    static constexpr uint32_t kAhead = 4;
    struct Step {
      Inner* node;
      uint32_t at;
    };
    void Prefetch(uint32_t i) const {
      if (leaf_ != nullptr && i < leaf_->count) __builtin_prefetch(leaf_->at[i]);
    }
    void StepLeaf(bool forward);
    bool AtEdge(bool right) const;

    Step steps_[kDepthMax];
    uint32_t depth_ = 0;
    uint32_t at_ = 0;
    Leaf* leaf_ = nullptr;
  };

  ZsetTree() = default;
  ~ZsetTree();
  ZsetTree(const ZsetTree&) = delete;
  ZsetTree& operator=(const ZsetTree&) = delete;

  uint64_t size() const { return size_; }

  // REQUIRES: no element of that score and member is there. Takes it over.
  void Insert(ZsetElement* e);
  // Takes an element of this tree out without freeing it.
  void Remove(ZsetElement* e);
  // Takes elements number `first` to first + count - 1 out and gives each to f. REQUIRES: they
  // exist.
  template <typename F>
  void RemoveRange(uint64_t first, uint64_t count, F f) {
    while (count > 0) {
      Cursor c = At(first);
      const uint32_t n = SpanIn(c, count);
      for (uint32_t i = 0; i < n; ++i) f(c.leaf_->at[c.at_ + i]);
      RemoveSpan(&c, n);
      count -= n;
    }
  }
  // Moves an element of this tree to where the score puts it.
  void SetScore(ZsetElement* e, double score);

  // How many elements come before: an element of this tree; all with a score at (if `inclusive`) or
  // below `score`; all with a member at or below `bound`, where all scores are the same.
  uint64_t Rank(const ZsetElement& e) const;
  uint64_t CountScores(double score, bool inclusive) const;
  uint64_t CountMembers(std::string_view bound, bool inclusive) const;

  // The element number `rank`; not valid beyond the last one.
  Cursor At(uint64_t rank) const;

  // Bytes of the nodes, without the elements.
  uint64_t NodeBytes() const { return leaves_ * sizeof(Leaf) + inners_ * sizeof(Inner); }

 private:
  template <typename InnerBelow, typename LeafBelow>
  uint64_t Descend(InnerBelow inner_below, LeafBelow leaf_below, Cursor* c) const;
  uint64_t Seek(const ZsetElement& e, double score, Cursor* c) const;
  Leaf* NewLeaf();
  Inner* NewInner();
  void FreeNode(Node* node);
  void Destroy(Node* node);
  void MakeRoom(const Cursor& c);
  bool ShiftLeaf(Inner* parent, uint32_t at);
  void SplitLeaf(const Cursor& c);
  void SplitInner(const Cursor& c, uint32_t level);
  void AddChild(Inner* parent, uint32_t at, Node* child);
  static void DropChild(Inner* parent, uint32_t at);
  static void Refresh(Inner* parent, uint32_t at);
  static void RefreshFirst(const Cursor& c);
  static uint32_t SpanIn(const Cursor& c, uint64_t count);
  void RemoveSpan(Cursor* c, uint32_t n);
  void Rebalance(const Cursor& c);
  void BalancePair(Inner* parent, uint32_t left);

  Node* root_ = nullptr;
  uint64_t size_ = 0;
  uint64_t leaves_ = 0;
  uint64_t inners_ = 0;
};

}  // namespace pleiad
