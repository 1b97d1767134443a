// SPDX-FileCopyrightText: The Pleiad authors
// SPDX-License-Identifier: BSD-3-Clause
#include "snapshot/rdb_list.h"

#include "data/list.h"
#include "snapshot/packed_formats.h"

namespace pleiad {
namespace {

constexpr uint8_t kRdbListPlain = 1;
constexpr uint8_t kRdbListZiplist = 10;
constexpr uint8_t kRdbListQuicklist = 14;
constexpr uint8_t kRdbListQuicklist2 = 18;
constexpr uint64_t kNodeIsElement = 1;
constexpr uint64_t kNodeIsListpack = 2;

// What a written node holds at most, as in Redis; a longer element is a node by itself.
constexpr size_t kNodeBytesMax = 8192;
constexpr size_t kListpackEntryExtra = 11;  // the most that a listpack adds to an element

uint8_t RdbListType(const ValueView&) { return kRdbListQuicklist2; }

// Nodes of listpacks, since a node compresses better than its elements. The number of nodes comes
// first, so a first pass counts them. `on_node` is told whether an element alone is the node.
template <typename OnNode, typename OnElement>
void CutIntoNodes(const ListReader& list, OnNode on_node, OnElement on_element) {
  size_t bytes = kNodeBytesMax;  // of the node at hand
  list.ForEach([&](std::string_view element) {
    const size_t more = element.size() + kListpackEntryExtra;
    if (bytes + more > kNodeBytesMax) {
      on_node(more > kNodeBytesMax);
      bytes = 0;
    }
    bytes += more;
    on_element(element);
  });
}

void AppendRdbList(std::string* out, const ValueView& value, const RdbEncodeOptions& options) {
  const ListReader list(value);
  uint64_t nodes = 0;
  CutIntoNodes(list, [&](bool) { ++nodes; }, [](std::string_view) {});
  AppendRdbLength(out, nodes);
  ListpackBuilder listpack;
  bool packing = false;
  const auto close = [&] {
    if (!packing) return;
    AppendRdbLength(out, kNodeIsListpack);
    AppendRdbString(out, listpack.Finish(), options);
    packing = false;
  };
  bool alone = false;
  CutIntoNodes(
      list,
      [&](bool large) {
        close();
        alone = large;
        packing = !large;
        if (packing) listpack = ListpackBuilder();
      },
      [&](std::string_view element) {
        if (!alone) return listpack.Append(element);
        AppendRdbLength(out, kNodeIsElement);
        AppendRdbString(out, element, options);
      });
  close();
}

class RdbListDecoder : public RdbValueDecoder {
 public:
  RdbListDecoder(uint8_t type, const CollectionSettings* settings)
      : type_(type), settings_(settings) {}

  RdbWant Start() override {
    store_ = MemoryStore();
    left_ = 1;
    counted_ = type_ == kRdbListZiplist;
    container_ = 0;
    return counted_ ? RdbWant::kString : RdbWant::kLength;
  }

  Result<RdbWant> OnToken(const RdbToken& token) override {
    if (!counted_) {
      counted_ = true;
      left_ = token.number;
      if (left_ == 0) return Error{"a list without elements"};
      return NextNode();
    }
    if (type_ == kRdbListQuicklist2 && container_ == 0) {
      container_ = token.number;
      if (container_ == kNodeIsElement || container_ == kNodeIsListpack) return RdbWant::kString;
      return Error{"a list node of unknown kind"};
    }
    const Status taken = Take(token.text);
    if (!taken.ok()) return taken.error();
    container_ = 0;
    if (--left_ != 0) return NextNode();
    if (ListReader(store_.view()).empty()) return Error{"a list without elements"};
    return RdbWant::kDone;
  }

  Status Deliver(const RdbKey& key, RdbSink* sink) override {
    return sink->OnValue(key, ValueType::kList, &store_);
  }

 private:
  RdbWant NextNode() const {
    return type_ == kRdbListQuicklist2 ? RdbWant::kLength : RdbWant::kString;
  }

  Status Take(std::string_view bytes) {
    List list(&store_, *settings_);
    const auto push = [&list](std::string_view element) {
      list.Push(ListEnd::kTail, element);
      return Status::Ok();
    };
    if (type_ == kRdbListPlain || container_ == kNodeIsElement) return push(bytes);
    return type_ == kRdbListQuicklist2 ? ForEachListpack(bytes, push) : ForEachZiplist(bytes, push);
  }

  const uint8_t type_;
  const CollectionSettings* const settings_;
  MemoryStore store_;
  uint64_t left_ = 0;       // elements or nodes still to come
  bool counted_ = false;    // left_ was read
  uint64_t container_ = 0;  // kind of the node at hand; 0: not read yet
};

}  // namespace

const RdbEncoder kRdbListEncoder{RdbListType, AppendRdbList};

std::unique_ptr<RdbValueDecoder> MakeRdbListDecoder(uint8_t type,
                                                    const CollectionSettings* settings) {
  if (type != kRdbListPlain && type != kRdbListZiplist && type != kRdbListQuicklist &&
      type != kRdbListQuicklist2) {
    return nullptr;
  }
  return std::make_unique<RdbListDecoder>(type, settings);
}

}  // namespace pleiad
