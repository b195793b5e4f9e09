#include "control/yaml_tree.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include "base/utf8.hpp"

namespace fairlead::control {
namespace {

constexpr std::string_view no_aliases = "aliases aren't supported; write the value out";

YamlNode null_at(Position at) {
  return {.kind = YamlKind::null, .at = at, .text = {}, .plain = true, .items = {}, .entries = {}};
}

Position position_of(const YAML::Mark& mark) {
  return mark.is_null() ? Position{} : Position{mark.line + 1, mark.column + 1};
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return lines;
}

/// `text` follows the quote.
bool is_closed(std::string_view text, char quote) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool is_escape = quote == '"' ? text[at] == '\\' : text.substr(at, 2) == "''";
    if (is_escape) {
      ++at;
    } else if (text[at] == quote) {
      return true;
    }
  }
  return false;
}

/// Builds the tree from the parser's events. Throws only yaml-cpp's own exception, to end the parser's recursion.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, ProblemList& problems) : lines_(lines_of(text)), problems_(problems) {}

  YamlNode take() { return std::move(root_); }

  [[nodiscard]] std::string_view line(int number) const {
    const auto index = static_cast<std::size_t>(number - 1);
    return index < lines_.size() ? lines_[index] : std::string_view();
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      throw YAML::ParserException(mark, "a second document starts here; a configuration is one document");
    }
  }
  void OnDocumentEnd() override {}

  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    problems_.add(position_of(mark), "anchors aren't supported; write the value out");
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    problems_.add(position_of(mark), std::string(no_aliases));
    leaf(null_at(position_of(mark)));
  }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { leaf(null_at(position_of(mark))); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& text) override {
    refuse_tag(mark, tag);
    refuse_open_quote(mark, tag);
    leaf({.kind = YamlKind::scalar,
          .at = position_of(mark),
          .text = text,
          .plain = tag != "!",
          .items = {},
          .entries = {}});
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(YamlKind::sequence, mark, tag);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, YAML::EmitterStyle::value) override {
    open(YamlKind::mapping, mark, tag);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    YamlNode node;
    std::set<std::string, std::less<>> keys;
    std::optional<YamlNode> key;  ///< read, its value not yet
  };

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    constexpr std::string_view core = "tag:yaml.org,2002:";
    if (tag.size() > 1) {
      const std::string written = tag.starts_with(core) ? "!!" + tag.substr(core.size()) : tag;
      problems_.add(position_of(mark), "tags such as " + backquoted(written) + " aren't supported; leave it out");
    }
  }

  /// What stands from there to the end of its line.
  [[nodiscard]] std::string_view line_from(Position at) const {
    const std::string_view text = line(at.line);
    return text.substr(std::min(static_cast<std::size_t>(at.column - 1), text.size()));
  }

  /// The parser takes all up to the next quote of the kind for the text, or up to the end of the file.
  void refuse_open_quote(const YAML::Mark& mark, const std::string& tag) const {
    const std::string_view text = line_from(position_of(mark));
    const bool is_quoted = tag == "!" && (text.starts_with('"') || text.starts_with('\''));
    if (is_quoted && !is_closed(text.substr(1), text.front())) {
      throw YAML::ParserException(mark, std::string("the quote that opens here isn't closed in this line; write ") +
                                            text.front() + " at the end of the text");
    }
  }

  /// Nothing stands behind a dash: the parser's mark is that of what comes next, and the dash is what precedes it.
  [[nodiscard]] Position dash_before(Position at) const {
    for (const std::string_view written : {"~", "null", "Null", "NULL"}) {
      if (line_from(at).starts_with(written)) {
        return at;
      }
    }
    std::string_view text = line(at.line).substr(0, static_cast<std::size_t>(at.column - 1));
    for (int number = at.line; number > 0; text = line(--number)) {
      const std::size_t comment = text.starts_with('#') ? 0 : std::min(text.find(" #"), text.size());
      const std::size_t last = text.substr(0, comment).find_last_not_of(" \t\r");
      if (last != std::string_view::npos) {
        return {number, static_cast<int>(last) + 1};
      }
    }
    return at;
  }

  void count_node(const YAML::Mark& mark) {
    if (++nodes_ > YamlLimits::nodes_max) {
      throw YAML::ParserException(mark, "the file has more values than a configuration may have; leave some out");
    }
  }

  void open(YamlKind kind, const YAML::Mark& mark, const std::string& tag) {
    refuse_tag(mark, tag);
    count_node(mark);
    if (frames_.size() == YamlLimits::depth_max) {
      throw YAML::ParserException(mark, "this is nested deeper than any configuration; check the brackets");
    }
    frames_.emplace_back();
    frames_.back().node.kind = kind;
    frames_.back().node.at = position_of(mark);
  }

  void close() {
    YamlNode node = std::move(frames_.back().node);
    frames_.pop_back();
    place(std::move(node));
  }

  void leaf(YamlNode node) {
    YAML::Mark mark;
    mark.line = node.at.line - 1;
    mark.column = node.at.column - 1;
    count_node(mark);
    place(std::move(node));
  }

  void place(YamlNode node) {
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.kind == YamlKind::sequence) {
      node.at = node.kind == YamlKind::null ? dash_before(node.at) : node.at;
      frame.node.items.push_back(std::move(node));
    } else if (!frame.key) {
      frame.key = std::move(node);
    } else {
      place_entry(frame, *std::exchange(frame.key, std::nullopt), std::move(node));
    }
  }

  void place_entry(Frame& frame, YamlNode key, YamlNode value) {
    if (key.kind != YamlKind::scalar) {
      problems_.add(key.at, "a key isn't plain text; write it as `key: value`");
    } else if (key.text == "<<" && key.plain) {
      problems_.add(key.at, "merge keys aren't supported; write the values out");
    } else if (!frame.keys.insert(key.text).second) {
      problems_.add(key.at,
                    "the key " + backquoted(key.text) + " is here a second time" + first_place(frame, key.text));
    } else {
      if (value.kind == YamlKind::null && value.at.line != key.at.line) {
        value.at = key.at;  // nothing stands there: the parser's mark is that of what comes next
      }
      frame.node.entries.push_back({key.at, std::move(key.text), std::move(value)});
    }
  }

  static std::string first_place(const Frame& frame, std::string_view key) {
    const auto& entries = frame.node.entries;
    const auto first =
        std::find_if(entries.begin(), entries.end(), [key](const YamlEntry& entry) { return entry.key == key; });
    return "; keep one of them (the first is in line " + std::to_string(first->at.line) + ")";
  }

  std::vector<std::string_view> lines_;
  ProblemList& problems_;
  std::vector<Frame> frames_;
  YamlNode root_;
  std::size_t nodes_ = 0;
  int documents_ = 0;
};

/// The first byte that isn't text in UTF-8; nothing: all are.
std::optional<std::pair<Position, std::string>> first_wrong_byte(std::string_view text) {
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) {
    return std::pair(Position{}, "the file is in UTF-16; save it as UTF-8");
  }
  Position at;
  while (!text.empty()) {
    const char first = text.front();
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      return std::pair(at, "the bytes from here on aren't UTF-8; save the file as UTF-8");
    }
    const bool is_blank = first == '\t' || first == '\n' || first == '\r';
    if (!is_blank && ((first >= 0 && first < ' ') || first == 0x7f)) {
      return std::pair(at, "there is a control byte; a configuration is text in UTF-8");
    }
    at = first == '\n' ? Position{at.line + 1, 1} : Position{at.line, at.column + static_cast<int>(length)};
    text.remove_prefix(length);
  }
  return std::nullopt;
}

/// yaml-cpp takes some tabs for blanks and others not; none can be seen in an editor.
bool tabs_are_clean(std::string_view text, ProblemList& problems) {
  bool clean = true;
  int number = 0;
  for (const std::string_view line : lines_of(text)) {
    ++number;
    const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
    if (line.substr(indent).starts_with('\t')) {
      problems.add({number, static_cast<int>(indent) + 1}, "there is a tab in the indentation; indent with blanks");
      clean = false;
    }
  }
  return clean;
}

/// The parser's own messages have no hint; ours have. `line` is where it stopped.
std::string with_hint(const std::string& message, std::string_view line) {
  if (message == YAML::ErrorMsg::UNKNOWN_ANCHOR) {
    return std::string(no_aliases);
  }
  if (message.find("; ") != std::string::npos) {
    return message;
  }
  const bool has_bracket = line.find(" [") != std::string_view::npos || line.find(" {") != std::string_view::npos;
  return "this isn't valid YAML (" + message + "); check indentation, colons and quotes near here" +
         (has_bracket ? ", a text that begins with a bracket needs quotes" : "");
}

}  // namespace

YamlNode read_yaml(std::string_view text, ProblemList& problems) {
  if (text.size() > YamlLimits::bytes_max) {
    problems.add({}, "the file is larger than 1 MiB; a configuration is at most that");
    return {};
  }
  if (auto wrong = first_wrong_byte(text)) {
    problems.add(wrong->first, std::move(wrong->second));
    return {};
  }
  if (text.starts_with("\xef\xbb\xbf")) {
    text.remove_prefix(3);  // a byte order mark
  }
  if (!tabs_are_clean(text, problems)) {
    return {};
  }
  TreeBuilder builder(text, problems);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& fault) {
    const Position at = position_of(fault.mark);
    problems.add(at, with_hint(fault.msg, builder.line(at.line)));
  } catch (const std::exception&) {
    problems.add({}, "this isn't valid YAML; check indentation, colons and quotes");
  }
  return builder.take();
}

}  // namespace fairlead::control
