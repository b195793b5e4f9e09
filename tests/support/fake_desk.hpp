// A fleet desk for tests: edits go to a controller, pictures are what the test says; answers may be held back.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "control/controller.hpp"
#include "control/fleet_desk.hpp"

namespace fairlead::testing {

class FakeDesk final : public control::FleetDesk {
 public:
  explicit FakeDesk(control::Controller& controller) : controller_(controller) {}

  control::FleetView view{};
  std::optional<Error> failure{};
  bool holds = false;  ///< looks wait for answer()

  void look(Looked done) override {
    if (holds) {
      waiting_.push_back(std::move(done));
    } else {
      done(view);
    }
  }
  void edit(const std::string& pool, const balance::BackendEdit& edit, Edited done) override {
    if (failure) {
      done(*failure);
    } else {
      done(controller_.edit(pool, edit, 7));
    }
  }
  void answer() {
    for (Looked& done : std::exchange(waiting_, {})) {
      done(view);
    }
  }

 private:
  control::Controller& controller_;
  std::vector<Looked> waiting_;
};

}  // namespace fairlead::testing
