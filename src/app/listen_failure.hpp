// Why nothing can be listened on, as a sentence with what to do about it. Used where listeners are opened at start.
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "io/address.hpp"

namespace fairlead::app {

/// `error` is a Listener's; `option` is how another address is chosen: "--set listen=IP:PORT".
std::string cannot_listen(std::string_view option, const io::Address& address, const Error& error);

}  // namespace fairlead::app
