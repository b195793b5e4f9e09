// The reference section of docs/configuration.md: every key in the order of the file with type, default, range, what it
// is and why. Made from the table of settings; a test holds the page against it. Pure; safe from any thread.
#pragma once

#include <string>

namespace fairlead::control {

/// Markdown from the first key's heading to the last key's text.
std::string reference_text();

}  // namespace fairlead::control
