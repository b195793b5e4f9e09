// How well a fleet would balance: the product's own strategies, views and sync pace in a simulated fleet. Each rule
// gets the same arrivals and each request the same work. Prints what clients wait, beside what they wait when nothing
// is shared. How to read the table: README.md.
// `simulate [--instances N] [--backends N] [--workers N] [--load SHARE] [--service-ms MS] [--shape NAME] [--seconds S]
// [--seeds K] [--rules A,B,...]`
#include <getopt.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "quantile.hpp"
#include "simulation.hpp"

namespace {

using bench::quality::Outcome;
using bench::quality::Plan;
using bench::quality::Rule;

constexpr std::string_view rules_by_default =
    "local,rotating,exact,leased@1ms,leased@2ms,leased@5ms,leased@20ms,leased,"
    "local:power_of_two,leased:power_of_two@5ms,local:peak_ewma,leased:peak_ewma@5ms,"
    "local:round_robin,exact:round_robin,leased:round_robin,local:random";
/// What every ratio is to: any balancer that sees only itself.
constexpr std::string_view baseline = "local";

struct Shape {
  const char* name;
  bool has_speeds;  ///< in proportion 1, 2, 3, 4, again and again, and the last 0.5; else all alike
  bool is_pareto;
};
constexpr std::array<Shape, 4> shapes{
    {{"equal", false, false}, {"speeds", true, false}, {"pareto", false, true}, {"speeds-pareto", true, true}}};

struct Options {
  Plan plan;
  std::size_t backends = 20;
  std::uint64_t seeds = 3;
  Shape shape = shapes[0];
  std::vector<Rule> rules;
};

/// Of one rule, over all seeds.
struct Row {
  std::string rule;
  double p50_ms = 0;
  double p99_ms = 0;
  double p999_ms = 0;
  double syncs_a_request = 0;
  std::vector<double> p99s_ms;  ///< one a seed
};

double quantile_ms(std::vector<std::int64_t>& times_ns, double quantile) {
  return static_cast<double>(bench::quality::quantile_of(times_ns, quantile)) / 1e6;
}

Row measured(const Options& options, const Rule& rule) {
  Row row;
  row.rule = rule.name;
  std::vector<std::int64_t> pooled;
  std::uint64_t begun = 0;
  std::uint64_t syncs = 0;
  for (std::uint64_t seed = 1; seed <= options.seeds; ++seed) {
    Plan plan = options.plan;
    plan.seed = seed;
    Outcome outcome = bench::quality::Simulation(plan, rule).run();
    row.p99s_ms.push_back(quantile_ms(outcome.times_ns, 0.99));
    pooled.insert(pooled.end(), outcome.times_ns.begin(), outcome.times_ns.end());
    begun += outcome.begun;
    syncs += outcome.syncs;
  }
  row.p50_ms = quantile_ms(pooled, 0.5);
  row.p99_ms = quantile_ms(pooled, 0.99);
  row.p999_ms = quantile_ms(pooled, 0.999);
  row.syncs_a_request = static_cast<double>(syncs) / static_cast<double>(begun);
  return row;
}

void print_head(const Options& options) {
  const Plan& plan = options.plan;
  std::printf("%s: %zu instances, %zu backends with %zu worker(s), %g ms service, load %.0f %%, %g s, %llu seed(s)\n",
              options.shape.name, plan.instances, options.backends, plan.workers, plan.service_ms, 100 * plan.load,
              plan.seconds, static_cast<unsigned long long>(options.seeds));
  std::printf("  %-26s%9s%9s%9s   | x local: p50%7s%14s%7s%11s\n", "rule", "p50 ms", "p99 ms", "p99.9", "p99",
              "min..max", "p99.9", "syncs/req");
}

void print_row(const Row& row, const Row* local) {
  std::printf("  %-26s%9.1f%9.1f%9.1f", row.rule.c_str(), row.p50_ms, row.p99_ms, row.p999_ms);
  if (local != nullptr) {
    std::vector<double> ratios;
    ratios.reserve(row.p99s_ms.size());
    for (std::size_t i = 0; i < row.p99s_ms.size(); ++i) {
      ratios.push_back(row.p99s_ms[i] / local->p99s_ms[i]);
    }
    const auto [least, most] = std::minmax_element(ratios.begin(), ratios.end());
    std::printf("   |%13.2f%7.2f%8.2f..%.2f%7.2f", row.p50_ms / local->p50_ms, row.p99_ms / local->p99_ms, *least,
                *most, row.p999_ms / local->p999_ms);
  }
  if (row.syncs_a_request > 0) {
    std::printf("%11.2f", row.syncs_a_request);
  }
  std::printf("\n");
  std::fflush(stdout);
}

/// Of 16 instances before 20 backends: a rule's p99 is at most so many times the other's.
struct Mark {
  std::string_view shape;
  std::size_t workers;
  std::string_view rule;
  std::string_view other;
  double most;
};
constexpr std::array<Mark, 8> marks{{{"equal", 1, "exact", "rotating", 0.40},
                                     {"equal", 1, "leased@5ms", "rotating", 0.58},
                                     {"equal", 1, "exact", "local", 0.45},
                                     {"equal", 1, "leased@5ms", "local", 0.65},
                                     {"equal", 16, "exact", "local", 1.05},
                                     {"equal", 16, "leased@5ms", "local", 1.05},
                                     {"speeds", 4, "exact", "local", 0.65},
                                     {"speeds", 4, "leased@5ms", "local", 0.65}}};

const Row* row_of(const std::vector<Row>& rows, std::string_view rule) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.rule == rule; });
  return found == rows.end() ? nullptr : &*found;
}

void print_marks(const Options& options, const std::vector<Row>& rows) {
  if (options.plan.instances != 16 || options.backends != 20) {
    return;
  }
  for (const Mark& mark : marks) {
    const Row* row = row_of(rows, mark.rule);
    const Row* other = row_of(rows, mark.other);
    if (mark.shape == options.shape.name && mark.workers == options.plan.workers && row != nullptr &&
        other != nullptr) {
      const double ratio = row->p99_ms / other->p99_ms;
      std::printf("mark: p99 of %s <= %.2f x %s: %.2f: %s\n", row->rule.c_str(), mark.most, other->rule.c_str(), ratio,
                  ratio <= mark.most ? "met" : "MISSED");
    }
  }
}

[[noreturn]] void usage(const char* why) {
  std::fprintf(
      stderr,
      "simulate: %s\nusage: simulate [--instances N] [--backends N] [--workers N] [--load SHARE] [--service-ms "
      "MS]\n                [--shape equal|speeds|pareto|speeds-pareto] [--seconds S] [--seeds K] [--rules "
      "A,B,...]\nrules: rotating, local|leased|exact[:STRATEGY][@INTERVALms]; strategies:",
      why);
  for (const std::string_view name : fairlead::balance::strategy_names()) {
    std::fprintf(stderr, " %.*s", static_cast<int>(name.size()), name.data());
  }
  std::fputs("\n", stderr);
  std::exit(2);
}

std::vector<Rule> rules_of(std::string_view names) {
  std::vector<Rule> rules;
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(','), names.size());
    const std::string name(names.substr(0, end));
    const std::optional<Rule> rule = bench::quality::rule_of(name);
    if (!rule) {
      usage(("no rule '" + name + "'").c_str());
    }
    rules.push_back(*rule);
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return rules;
}

Shape shape_of(std::string_view name) {
  const auto* const found =
      std::find_if(shapes.begin(), shapes.end(), [&](const Shape& it) { return it.name == name; });
  if (found == shapes.end()) {
    usage("no such shape");
  }
  return *found;
}

/// Their mean is 1, so that every shape takes the same requests a second.
std::vector<double> speeds_of(const Options& options) {
  std::vector<double> speeds(options.backends, 1.0);
  if (options.shape.has_speeds) {
    for (std::size_t i = 0; i < speeds.size(); ++i) {
      speeds[i] = i + 1 == speeds.size() ? 0.5 : static_cast<double>(1 + i % 4);
    }
  }
  const double sum = std::accumulate(speeds.begin(), speeds.end(), 0.0);
  for (double& speed : speeds) {
    speed *= static_cast<double>(speeds.size()) / sum;
  }
  return speeds;
}

Options options_of(int argc, char** argv) {
  constexpr std::array<option, 10> known{{{"instances", required_argument, nullptr, 'i'},
                                          {"backends", required_argument, nullptr, 'b'},
                                          {"workers", required_argument, nullptr, 'w'},
                                          {"load", required_argument, nullptr, 'l'},
                                          {"service-ms", required_argument, nullptr, 'm'},
                                          {"shape", required_argument, nullptr, 'h'},
                                          {"seconds", required_argument, nullptr, 's'},
                                          {"seeds", required_argument, nullptr, 'n'},
                                          {"rules", required_argument, nullptr, 'r'},
                                          {nullptr, 0, nullptr, 0}}};
  Options options;
  options.rules = rules_of(rules_by_default);
  for (int key = 0; (key = getopt_long(argc, argv, "", known.data(), nullptr)) != -1;) {
    switch (key) {
      case 'i': options.plan.instances = std::strtoull(optarg, nullptr, 10); break;
      case 'b': options.backends = std::strtoull(optarg, nullptr, 10); break;
      case 'w': options.plan.workers = std::strtoull(optarg, nullptr, 10); break;
      case 'l': options.plan.load = std::strtod(optarg, nullptr); break;
      case 'm': options.plan.service_ms = std::strtod(optarg, nullptr); break;
      case 'h': options.shape = shape_of(optarg); break;
      case 's': options.plan.seconds = std::strtod(optarg, nullptr); break;
      case 'n': options.seeds = std::strtoull(optarg, nullptr, 10); break;
      case 'r': options.rules = rules_of(optarg); break;
      default: usage("no such option");
    }
  }
  Plan& plan = options.plan;
  const bool is_sound = plan.instances > 0 && options.backends > 0 && plan.workers > 0 && plan.load > 0 &&
                        plan.load < 1 && plan.service_ms > 0 && plan.seconds > 0 && options.seeds > 0;
  if (optind < argc || !is_sound || options.rules.empty()) {
    usage("counts and times are above 0, the load is below 1");
  }
  plan.is_pareto = options.shape.is_pareto;
  plan.speeds = speeds_of(options);
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = options_of(argc, argv);
  print_head(options);
  std::vector<Row> rows;
  for (const Rule& rule : options.rules) {
    rows.push_back(measured(options, rule));
    print_row(rows.back(), row_of(rows, baseline));
  }
  print_marks(options, rows);
}
