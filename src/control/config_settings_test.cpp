#include "control/config_settings.hpp"

#include <gtest/gtest.h>

#include <set>

namespace fairlead::control {
namespace {

TEST(ConfigSettings, HaveEachPathOnceAndInTheFilesOrder) {
  Config config;
  std::set<std::string_view> seen;
  std::vector<std::string_view> top;
  for (const Setting& setting : settings_of(config)) {
    EXPECT_TRUE(seen.insert(setting.path).second) << setting.path;
    if (setting.path.find('.') == std::string_view::npos) {
      top.push_back(setting.path);
    }
  }
  EXPECT_EQ(top, (std::vector<std::string_view>{"listen", "admin", "workers", "engine", "state", "limits", "timeouts",
                                                "trusted_proxies", "pools", "routes"}));
}

TEST(ConfigSettings, HaveTheirDefaultsFromTheConfiguration) {
  Config config;
  const auto settings = settings_of(config);
  EXPECT_EQ(find_setting(settings, "limits.head")->default_text, "32KiB");
  EXPECT_EQ(find_setting(settings, "limits.body")->default_text, "64MiB");
  EXPECT_EQ(find_setting(settings, "timeouts.keep_alive")->default_text, "75s");
  EXPECT_EQ(find_setting(settings, "workers")->default_text, "auto");
  EXPECT_EQ(find_setting(settings, "state.url")->default_text, "memory://");
  EXPECT_EQ(find_setting(settings, "engine")->default_text, "auto");
}

TEST(ConfigSettings, HaveRangesThatHoldSomething) {
  Config config;
  for (const Setting& setting : settings_of(config)) {
    const auto* number = std::get_if<NumberValue>(&setting.value);
    EXPECT_TRUE(number == nullptr || number->least <= number->most) << setting.path;
  }
}

TEST(ConfigSettings, SayWhatEachIs) {
  Config config;
  PoolConfig pool;
  RouteConfig route;
  for (const auto& settings : {settings_of(config), settings_of(pool), settings_of(route)}) {
    for (const Setting& setting : settings) {
      EXPECT_FALSE(setting.what.empty()) << setting.path;
    }
  }
}

TEST(ConfigSettings, StoreIntoTheObjectTheyWereMadeOf) {
  Config config;
  const auto settings = settings_of(config);
  std::get<NumberValue>(find_setting(settings, "limits.fields")->value).store(7);
  EXPECT_EQ(config.limits.fields, 7U);
}

TEST(ConfigSettings, FindNothingForAnUnknownPath) {
  Config config;
  EXPECT_EQ(find_setting(settings_of(config), "limits.hed"), nullptr);
}

TEST(ConfigSettings, WriteNumbersWithTheirUnit) {
  EXPECT_EQ(number_text({.unit = NumberUnit::count, .zero_word = {}, .store = {}}, 70), "70");
  EXPECT_EQ(number_text({.unit = NumberUnit::bytes, .zero_word = {}, .store = {}}, 1'024), "1KiB");
  EXPECT_EQ(number_text({.unit = NumberUnit::duration, .zero_word = {}, .store = {}}, 60'000), "1m");
  EXPECT_EQ(number_text({.unit = NumberUnit::factor, .zero_word = {}, .store = {}}, 125), "1.25");
}

}  // namespace
}  // namespace fairlead::control
