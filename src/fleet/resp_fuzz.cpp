// Any bytes, in two pieces, through the reader: no crash, no unbounded memory, every reply readable to its leaves.
#include <cstddef>
#include <cstdint>

#include "fleet/resp.hpp"

namespace {

std::size_t walk(fairlead::fleet::ReplyView view) {
  std::size_t leaves = view.text().size();
  for (std::size_t i = 0; i < view.size(); ++i) {
    leaves += walk(view[i]);
  }
  return leaves;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = size == 0 ? 0 : data[0] % size;
  fairlead::fleet::ReplyReader reader;
  for (const std::string_view piece : {bytes.substr(0, cut), bytes.substr(cut)}) {
    if (!reader.feed(piece)) {
      return 0;
    }
    while (true) {
      const auto reply = reader.next();
      if (!reply) {
        return 0;
      }
      if (!reply->has_value()) {
        break;
      }
      walk((*reply)->view());
    }
  }
  return 0;
}
