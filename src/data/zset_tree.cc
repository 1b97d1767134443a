// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "data/zset_tree.h"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "base/check.h"

namespace pleiad {
namespace {

// Below that, a node looks for a neighbour to join or to borrow from.
constexpr uint32_t kZsetLeafMin = ZsetTree::kLeafMax / 4;
constexpr uint32_t kZsetInnerMin = ZsetTree::kInnerMax / 4;
// A full leaf gives to a neighbour that has this much room, or is split.
constexpr uint32_t kZsetShiftRoom = 6;

// (a_score, a) < (b_score, b)?
bool ZsetBefore(double a_score, const ZsetElement& a, double b_score, const ZsetElement& b) {
  return a_score < b_score || (a_score == b_score && a.member() < b.member());
}

void* ZsetAllocate(size_t size) {
  void* p = std::malloc(size);
  CHECK_MSG(p != nullptr, "out of memory");
  return p;
}

template <typename T>
void ZsetMove(T* to, const T* from, size_t n) {
  std::memmove(to, from, n * sizeof(T));
}

void MoveChildren(ZsetTree::Inner* to, uint32_t to_at, const ZsetTree::Inner* from,
                  uint32_t from_at, uint32_t n) {
  ZsetMove(to->score + to_at, from->score + from_at, n);
  ZsetMove(to->first + to_at, from->first + from_at, n);
  ZsetMove(to->child + to_at, from->child + from_at, n);
  ZsetMove(to->size + to_at, from->size + from_at, n);
}

// How many of the leaf's elements are `below`, which is true for a prefix of them. Each round loads
// up to eight elements at once: a round costs the latency of one.
template <typename Below>
uint32_t CountBelow(const ZsetTree::Leaf& leaf, Below below) {
  uint32_t low = 0;
  uint32_t high = leaf.count;
  while (high - low > 8) {
    const uint32_t step = (high - low + 7) / 8;
    for (uint32_t i = low + step - 1; i < high; i += step) __builtin_prefetch(leaf.at[i]);
    uint32_t i = low + step - 1;
    while (i < high && below(leaf.at[i]->score, *leaf.at[i])) {
      low = i + 1;
      i += step;
    }
    high = std::min(i, high);
  }
  for (uint32_t i = low; i < high; ++i) __builtin_prefetch(leaf.at[i]);
  while (low < high && below(leaf.at[low]->score, *leaf.at[low])) ++low;
  return low;
}

}  // namespace

ZsetElement* ZsetElement::Create(std::string_view member, double score) {
  const bool is_long = member.size() >= kLong;
  const size_t head = sizeof(ZsetElement) + (is_long ? 5 : 1);
  auto* e = static_cast<ZsetElement*>(ZsetAllocate(head + member.size()));
  e->score = score;
  e->tail[0] = static_cast<char>(is_long ? kLong : member.size());
  if (is_long) {
    const auto size = static_cast<uint32_t>(member.size());
    std::memcpy(e->tail + 1, &size, sizeof(size));
  }
  if (!member.empty()) {
    std::memcpy(reinterpret_cast<char*>(e) + head, member.data(), member.size());
  }
  return e;
}

void ZsetElement::Free(ZsetElement* e) { std::free(e); }

void ZsetTree::Cursor::StepLeaf(bool forward) {
  uint32_t level = depth_;
  while (level > 0) {
    const Step& step = steps_[level - 1];
    if (forward ? step.at + 1 < step.node->count : step.at > 0) break;
    --level;
  }
  if (level == 0) {
    leaf_ = nullptr;
    return;
  }
  Step* step = &steps_[level - 1];
  step->at += forward ? 1 : ~uint32_t{0};
  Node* node = step->node->child[step->at];
  while (!node->leaf) {
    auto* inner = static_cast<Inner*>(node);
    steps_[level] = {inner, forward ? 0 : inner->count - 1};
    node = inner->child[steps_[level].at];
    ++level;
  }
  leaf_ = static_cast<Leaf*>(node);
  at_ = forward ? 0 : leaf_->count - 1;
}

bool ZsetTree::Cursor::AtEdge(bool right) const {
  for (uint32_t i = 0; i < depth_; ++i) {
    if (steps_[i].at != (right ? steps_[i].node->count - 1 : 0)) return false;
  }
  return true;
}

ZsetTree::~ZsetTree() {
  if (root_ != nullptr) Destroy(root_);
}

void ZsetTree::Destroy(Node* node) {
  if (node->leaf) {
    auto* leaf = static_cast<Leaf*>(node);
    for (uint32_t i = 0; i < leaf->count; ++i) ZsetElement::Free(leaf->at[i]);
  } else {
    auto* inner = static_cast<Inner*>(node);
    for (uint32_t i = 0; i < inner->count; ++i) Destroy(inner->child[i]);
  }
  std::free(node);
}

ZsetTree::Leaf* ZsetTree::NewLeaf() {
  ++leaves_;
  auto* leaf = static_cast<Leaf*>(ZsetAllocate(sizeof(Leaf)));
  leaf->count = 0;
  leaf->leaf = true;
  return leaf;
}

ZsetTree::Inner* ZsetTree::NewInner() {
  ++inners_;
  auto* inner = static_cast<Inner*>(ZsetAllocate(sizeof(Inner)));
  inner->count = 0;
  inner->leaf = false;
  return inner;
}

void ZsetTree::FreeNode(Node* node) {
  --(node->leaf ? leaves_ : inners_);
  std::free(node);
}

// Goes to where the elements that are `below` end. An inner node's child is taken if its first
// element is; `inner_below` may therefore count an equal element in that `leaf_below` does not.
// Returns how many elements come before.
template <typename InnerBelow, typename LeafBelow>
uint64_t ZsetTree::Descend(InnerBelow inner_below, LeafBelow leaf_below, Cursor* c) const {
  uint64_t before = 0;
  Node* node = root_;
  c->depth_ = 0;
  while (!node->leaf) {
    auto* inner = static_cast<Inner*>(node);
    uint32_t low = 1;  // children before it are at or before the place
    uint32_t high = inner->count;
    while (low < high) {
      const uint32_t middle = (low + high) / 2;
      if (inner_below(inner->score[middle], *inner->first[middle])) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    const uint32_t at = low - 1;
    __builtin_prefetch(inner->child[at]);
    for (uint32_t i = 0; i < at; ++i) before += inner->size[i];
    c->steps_[c->depth_++] = {inner, at};
    node = inner->child[at];
  }
  c->leaf_ = static_cast<Leaf*>(node);
  c->at_ = CountBelow(*c->leaf_, leaf_below);
  return before + c->at_;
}

// Goes to where an element of that score and e's member is, or would be.
uint64_t ZsetTree::Seek(const ZsetElement& e, double score, Cursor* c) const {
  return Descend([&](double s, const ZsetElement& x) { return !ZsetBefore(score, e, s, x); },
                 [&](double s, const ZsetElement& x) { return ZsetBefore(s, x, score, e); }, c);
}

uint64_t ZsetTree::Rank(const ZsetElement& e) const {
  Cursor c;
  return Seek(e, e.score, &c);
}

uint64_t ZsetTree::CountScores(double score, bool inclusive) const {
  if (root_ == nullptr) return 0;
  Cursor c;
  const auto below = [&](double s, const ZsetElement&) {
    return s < score || (inclusive && s == score);
  };
  return Descend(below, below, &c);
}

uint64_t ZsetTree::CountMembers(std::string_view bound, bool inclusive) const {
  if (root_ == nullptr) return 0;
  Cursor c;
  const auto below = [&](double, const ZsetElement& x) {
    return inclusive ? x.member() <= bound : x.member() < bound;
  };
  return Descend(below, below, &c);
}

ZsetTree::Cursor ZsetTree::At(uint64_t rank) const {
  Cursor c;
  if (rank >= size_) return c;
  Node* node = root_;
  while (!node->leaf) {
    auto* inner = static_cast<Inner*>(node);
    uint32_t at = 0;
    while (rank >= inner->size[at]) rank -= inner->size[at++];
    c.steps_[c.depth_++] = {inner, at};
    node = inner->child[at];
  }
  c.leaf_ = static_cast<Leaf*>(node);
  c.at_ = static_cast<uint32_t>(rank);
  return c;
}

// What the parent says of child `at` is made true again.
void ZsetTree::Refresh(Inner* parent, uint32_t at) {
  const Node* child = parent->child[at];
  if (child->leaf) {
    const auto* leaf = static_cast<const Leaf*>(child);
    parent->first[at] = leaf->at[0];
    parent->score[at] = leaf->at[0]->score;
    parent->size[at] = leaf->count;
    return;
  }
  const auto* inner = static_cast<const Inner*>(child);
  parent->first[at] = inner->first[0];
  parent->score[at] = inner->score[0];
  uint64_t size = 0;
  for (uint32_t i = 0; i < inner->count; ++i) size += inner->size[i];
  parent->size[at] = size;
}

// The first element of the cursor's leaf is another one, or has another score.
void ZsetTree::RefreshFirst(const Cursor& c) {
  ZsetElement* const first = c.leaf_->at[0];
  for (uint32_t level = c.depth_; level-- > 0;) {
    const Cursor::Step& step = c.steps_[level];
    step.node->first[step.at] = first;
    step.node->score[step.at] = first->score;
    if (step.at != 0) return;
  }
}

void ZsetTree::AddChild(Inner* parent, uint32_t at, Node* child) {
  MoveChildren(parent, at + 1, parent, at, parent->count - at);
  parent->child[at] = child;
  ++parent->count;
  Refresh(parent, at);
}

void ZsetTree::DropChild(Inner* parent, uint32_t at) {
  MoveChildren(parent, at, parent, at + 1, parent->count - at - 1);
  --parent->count;
}

void ZsetTree::Insert(ZsetElement* e) {
  if (root_ == nullptr) root_ = NewLeaf();
  Cursor c;
  Seek(*e, e->score, &c);
  while (c.leaf_->count == kLeafMax) {
    MakeRoom(c);
    Seek(*e, e->score, &c);
  }
  Leaf* const leaf = c.leaf_;
  ZsetMove(leaf->at + c.at_ + 1, leaf->at + c.at_, leaf->count - c.at_);
  leaf->at[c.at_] = e;
  ++leaf->count;
  ++size_;
  for (uint32_t level = 0; level < c.depth_; ++level)
    ++c.steps_[level].node->size[c.steps_[level].at];
  if (c.at_ == 0) RefreshFirst(c);
}

// One step towards room in the cursor's leaf, which is full: to a neighbour, by a split, or by the
// split of what would have to take another child first.
void ZsetTree::MakeRoom(const Cursor& c) {
  if (c.depth_ > 0 && !c.AtEdge(true) && !c.AtEdge(false) &&
      ShiftLeaf(c.steps_[c.depth_ - 1].node, c.steps_[c.depth_ - 1].at)) {
    return;
  }
  uint32_t level = c.depth_;
  while (level > 0 && c.steps_[level - 1].node->count == kInnerMax) --level;
  if (level == 0) {
    CHECK(c.depth_ + 1 < kDepthMax);
    Inner* const root = NewInner();
    Node* const old = root_;
    root_ = root;
    AddChild(root, 0, old);
  } else if (level == c.depth_) {
    SplitLeaf(c);
  } else {
    SplitInner(c, level);
  }
}

// Gives half of the difference to the neighbour that has more room. False: none has enough.
bool ZsetTree::ShiftLeaf(Inner* parent, uint32_t at) {
  auto* leaf = static_cast<Leaf*>(parent->child[at]);
  auto* left = at > 0 ? static_cast<Leaf*>(parent->child[at - 1]) : nullptr;
  auto* right = at + 1 < parent->count ? static_cast<Leaf*>(parent->child[at + 1]) : nullptr;
  const uint32_t left_room = left == nullptr ? 0 : kLeafMax - left->count;
  const uint32_t right_room = right == nullptr ? 0 : kLeafMax - right->count;
  if (std::max(left_room, right_room) < kZsetShiftRoom) return false;
  if (left_room >= right_room) {
    const uint32_t n = left_room / 2;
    ZsetMove(left->at + left->count, leaf->at, n);
    ZsetMove(leaf->at, leaf->at + n, leaf->count - n);
    left->count += n;
    leaf->count -= n;
    Refresh(parent, at - 1);
  } else {
    const uint32_t n = right_room / 2;
    ZsetMove(right->at + n, right->at, right->count);
    ZsetMove(right->at, leaf->at + leaf->count - n, n);
    right->count += n;
    leaf->count -= n;
    Refresh(parent, at + 1);
  }
  Refresh(parent, at);
  return true;
}

// At the ends of the set, a leaf keeps all but one: elements that come in order fill it.
void ZsetTree::SplitLeaf(const Cursor& c) {
  const Cursor::Step& step = c.steps_[c.depth_ - 1];
  uint32_t keep = kLeafMax / 2;
  if (c.at_ == kLeafMax && c.AtEdge(true)) keep = kLeafMax - 1;
  if (c.at_ == 0 && c.AtEdge(false)) keep = 1;
  Leaf* const right = NewLeaf();
  right->count = kLeafMax - keep;
  std::memcpy(right->at, c.leaf_->at + keep, right->count * sizeof(right->at[0]));
  c.leaf_->count = keep;
  Refresh(step.node, step.at);
  AddChild(step.node, step.at + 1, right);
}

// Splits the node at steps_[level], whose parent has room.
void ZsetTree::SplitInner(const Cursor& c, uint32_t level) {
  Inner* const left = c.steps_[level].node;
  const Cursor::Step& step = c.steps_[level - 1];
  uint32_t keep = kInnerMax / 2;
  if (c.AtEdge(true)) keep = kInnerMax - 1;
  if (c.AtEdge(false)) keep = 1;
  Inner* const right = NewInner();
  right->count = kInnerMax - keep;
  MoveChildren(right, 0, left, keep, right->count);
  left->count = keep;
  Refresh(step.node, step.at);
  AddChild(step.node, step.at + 1, right);
}

void ZsetTree::Remove(ZsetElement* e) {
  Cursor c;
  Seek(*e, e->score, &c);
  CHECK(c.at_ < c.leaf_->count && c.leaf_->at[c.at_] == e);
  RemoveSpan(&c, 1);
}

uint32_t ZsetTree::SpanIn(const Cursor& c, uint64_t count) {
  return static_cast<uint32_t>(std::min<uint64_t>(count, c.leaf_->count - c.at_));
}

void ZsetTree::RemoveSpan(Cursor* c, uint32_t n) {
  Leaf* const leaf = c->leaf_;
  ZsetMove(leaf->at + c->at_, leaf->at + c->at_ + n, leaf->count - c->at_ - n);
  leaf->count -= n;
  size_ -= n;
  for (uint32_t level = 0; level < c->depth_; ++level) {
    c->steps_[level].node->size[c->steps_[level].at] -= n;
  }
  if (c->at_ == 0 && leaf->count > 0) RefreshFirst(*c);
  if (leaf->count < kZsetLeafMin) Rebalance(*c);
}

// Evens out, joins or drops the nodes of the path that have become small.
void ZsetTree::Rebalance(const Cursor& c) {
  for (uint32_t level = c.depth_; level-- > 0;) {
    const Cursor::Step& step = c.steps_[level];
    Node* const node = step.node->child[step.at];
    const uint32_t least = node->leaf ? kZsetLeafMin : kZsetInnerMin;
    if (node->count == 0) {
      DropChild(step.node, step.at);
      FreeNode(node);
    } else if (node->count < least && step.node->count > 1) {
      BalancePair(step.node, step.at > 0 ? step.at - 1 : 0);
    } else {
      Refresh(step.node, step.at);
    }
  }
  while (root_ != nullptr && (root_->count == 0 || (!root_->leaf && root_->count == 1))) {
    Node* const old = root_;
    root_ = old->count == 0 ? nullptr : static_cast<Inner*>(old)->child[0];
    FreeNode(old);
  }
}

// Joins children `left` and left + 1 if they fit into one with some room to spare; else both get
// half. REQUIRES: neither is empty.
void ZsetTree::BalancePair(Inner* parent, uint32_t left) {
  Node* const a = parent->child[left];
  Node* const b = parent->child[left + 1];
  const uint32_t total = a->count + b->count;
  const uint32_t most = a->leaf ? kLeafMax : kInnerMax;
  const uint32_t keep = total <= most - most / 8 ? total : total / 2;
  const uint32_t old = a->count;
  if (a->leaf) {
    auto* x = static_cast<Leaf*>(a);
    auto* y = static_cast<Leaf*>(b);
    if (keep >= old) {
      ZsetMove(x->at + old, y->at, keep - old);
      ZsetMove(y->at, y->at + (keep - old), total - keep);
    } else {
      ZsetMove(y->at + (old - keep), y->at, y->count);
      ZsetMove(y->at, x->at + keep, old - keep);
    }
  } else {
    auto* x = static_cast<Inner*>(a);
    auto* y = static_cast<Inner*>(b);
    if (keep >= old) {
      MoveChildren(x, old, y, 0, keep - old);
      MoveChildren(y, 0, y, keep - old, total - keep);
    } else {
      MoveChildren(y, old - keep, y, 0, y->count);
      MoveChildren(y, 0, x, keep, old - keep);
    }
  }
  a->count = keep;
  b->count = total - keep;
  Refresh(parent, left);
  if (b->count == 0) {
    DropChild(parent, left + 1);
    FreeNode(b);
  } else {
    Refresh(parent, left + 1);
  }
}

void ZsetTree::SetScore(ZsetElement* e, double score) {
  Cursor c;
  Seek(*e, e->score, &c);
  Leaf* const leaf = c.leaf_;
  CHECK(c.at_ < leaf->count && leaf->at[c.at_] == e);
  // Most changes are small: the element often stays where it is. At a leaf's edge the neighbour is
  // not looked for; there it is enough that the score moves inwards.
  const bool above = c.at_ > 0
                         ? ZsetBefore(leaf->at[c.at_ - 1]->score, *leaf->at[c.at_ - 1], score, *e)
                         : score >= e->score;
  const bool below = c.at_ + 1 < leaf->count
                         ? ZsetBefore(score, *e, leaf->at[c.at_ + 1]->score, *leaf->at[c.at_ + 1])
                         : score <= e->score || c.AtEdge(true);
  if (above && below) {
    e->score = score;
    if (c.at_ == 0) RefreshFirst(c);
    return;
  }
  RemoveSpan(&c, 1);
  e->score = score;
  Insert(e);
}

}  // namespace pleiad
