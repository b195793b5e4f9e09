#include "core/metrics/prometheus_text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string_view>

namespace fairlead::metrics {
namespace {

std::string_view type_name(MetricType type) {
  switch (type) {
    case MetricType::counter: return "counter";
    case MetricType::gauge: return "gauge";
    case MetricType::histogram: return "histogram";
  }
  return "untyped";
}

/// The shortest text that reads back as the same number; exponents only where digits would run away.
void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
    return;
  }
  const double size = std::fabs(value);
  const bool is_plain = !(size > 0) || (size >= 1e-5 && size < 1e17);
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                 is_plain ? std::chars_format::fixed : std::chars_format::scientific);
  out.append(text.data(), end.ptr);
}

void append_count(std::string& out, std::uint64_t value) {
  std::array<char, 20> text{};
  out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr);
}

enum class Quotes : std::uint8_t { plain, escaped };

void append_escaped(std::string& out, std::string_view text, Quotes quotes) {
  for (const char character : text) {
    if (character == '\n') {
      out += "\\n";
    } else if (character == '\\' || (character == '"' && quotes == Quotes::escaped)) {
      out += '\\';
      out += character;
    } else {
      out += character;
    }
  }
}

void append_label(std::string& out, char before, std::string_view name, std::string_view value) {
  out += before;
  out += name;
  out += "=\"";
  append_escaped(out, value, Quotes::escaped);
  out += '"';
}

/// `{a="1",b="2"} ` with the blank before the value; `le` isn't empty for a bucket.
void append_labels(std::string& out, const Family& family, const FamilySamples::Sample& sample, std::string_view le) {
  char before = '{';
  for (std::size_t index = 0; index < family.labels.size() && index < sample.label_values.size(); ++index) {
    append_label(out, before, family.labels[index], sample.label_values[index]);
    before = ',';
  }
  if (!le.empty()) {
    append_label(out, before, "le", le);
    before = ',';
  }
  out += before == ',' ? "} " : " ";
}

void append_histogram(std::string& out, const Family& family, const FamilySamples::Sample& sample) {
  std::uint64_t count = 0;
  std::string le;
  for (std::size_t index = 0; index <= family.bounds.size(); ++index) {
    count += index < sample.histogram.buckets.size() ? sample.histogram.buckets[index] : 0;
    le.clear();
    append_number(le, index < family.bounds.size() ? family.bounds[index] : std::numeric_limits<double>::infinity());
    out += family.name;
    out += "_bucket";
    append_labels(out, family, sample, le);
    append_count(out, count);
    out += '\n';
  }
  out += family.name;
  out += "_sum";
  append_labels(out, family, sample, {});
  append_number(out, sample.histogram.sum);
  out += '\n';
  out += family.name;
  out += "_count";
  append_labels(out, family, sample, {});
  append_count(out, count);
  out += '\n';
}

void append_family(std::string& out, const FamilySamples& samples) {
  const Family& family = *samples.family;
  out += "# HELP ";
  out += family.name;
  out += ' ';
  append_escaped(out, family.help, Quotes::plain);
  out += "\n# TYPE ";
  out += family.name;
  out += ' ';
  out += type_name(family.type);
  out += '\n';
  for (const FamilySamples::Sample& sample : samples.samples) {
    if (family.type == MetricType::histogram) {
      append_histogram(out, family, sample);
      continue;
    }
    out += family.name;
    append_labels(out, family, sample, {});
    append_number(out, sample.value);
    out += '\n';
  }
}

}  // namespace

void append_prometheus_text(std::string& out, std::span<const FamilySamples> families) {
  for (const FamilySamples& samples : families) {
    append_family(out, samples);
  }
}

}  // namespace fairlead::metrics
