// The JSON schema (draft-07) of a configuration file, for editors that check and complete keys while one types. Made
// from the table of settings; a test holds docs/fairlead.schema.json against it. It knows each key by itself; what
// spans several keys is for `fairlead check`. Pure; safe from any thread.
#pragma once

#include <string>

namespace fairlead::control {

/// The whole text of docs/fairlead.schema.json.
std::string schema_text();

}  // namespace fairlead::control
