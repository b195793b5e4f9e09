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

namespace fairlead::control {
namespace {

constexpr std::string_view no_aliases = "aliases aren't supported; write the value out";

YamlNode null_at(Position at) {
  return {.kind = YamlKind::null, .at = at, .text = {}, .plain = true, .items = {}, .entries = {}};
}

Position position_of(const YAML::Mark& mark) {
  return mark.is_null() ? Position{} : Position{mark.line + 1, mark.column + 1};
}

/// Builds the tree from the parser's events. Throws only yaml-cpp's own exception, to end the parser's recursion.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(ProblemList& problems) : problems_(problems) {}

  YamlNode take() { return std::move(root_); }

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
    if (tag.size() > 1) {
      problems_.add(position_of(mark), "tags such as " + backquoted(tag) + " aren't supported; leave it out");
    }
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

  ProblemList& problems_;
  std::vector<Frame> frames_;
  YamlNode root_;
  std::size_t nodes_ = 0;
  int documents_ = 0;
};

/// yaml-cpp takes some tabs for blanks and others not, and accepts control bytes; neither can be seen in an editor.
bool bytes_are_clean(std::string_view text, ProblemList& problems) {
  Position at;
  bool indenting = true;
  bool clean = true;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (character == '\t' && indenting) {
      problems.add(at, "there is a tab in the indentation; indent with blanks");
      clean = false;
      indenting = false;
    } else if ((byte < ' ' && character != '\t' && character != '\n' && character != '\r') || byte == 0x7f) {
      problems.add(at, "there is a control byte; a configuration is text in UTF-8");
      clean = false;
    }
    indenting = character == '\n' || (indenting && character == ' ');
    at = character == '\n' ? Position{at.line + 1, 1} : Position{at.line, at.column + 1};
  }
  return clean;
}

/// The parser's own messages have no hint; ours have.
std::string with_hint(const std::string& message) {
  if (message == YAML::ErrorMsg::UNKNOWN_ANCHOR) {
    return std::string(no_aliases);
  }
  const bool has_hint = message.find("; ") != std::string::npos;
  return has_hint ? message : "this isn't valid YAML (" + message + "); check indentation, colons and quotes near here";
}

}  // namespace

YamlNode read_yaml(std::string_view text, ProblemList& problems) {
  if (text.size() > YamlLimits::bytes_max) {
    problems.add({}, "the file is larger than 1 MiB; a configuration is at most that");
    return {};
  }
  if (!bytes_are_clean(text, problems)) {
    return {};
  }
  TreeBuilder builder(problems);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const YAML::Exception& fault) {
    problems.add(position_of(fault.mark), with_hint(fault.msg));
  } catch (const std::exception&) {
    problems.add({}, "this isn't valid YAML; check indentation, colons and quotes");
  }
  return builder.take();
}

}  // namespace fairlead::control
