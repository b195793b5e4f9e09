#include "core/http/connection_options.hpp"

namespace fairlead::http {

ConnectionOptions connection_options_of(const FieldList& fields) {
  ConnectionOptions options;
  for (const Field& field : fields) {
    if (field.id != FieldId::connection) {
      continue;
    }
    for_each_list_member(field.value, [&options](std::string_view option) {
      ++options.count;
      if (equals_ignoring_case(option, "close")) {
        options.close = true;
      } else if (equals_ignoring_case(option, "keep-alive")) {
        options.keep_alive = true;
      } else {
        options.names_fields = true;
      }
    });
  }
  return options;
}

bool persists(const ConnectionOptions& options, Version version) {
  return !options.close && (version == Version::http_1_1 || options.keep_alive);
}

bool is_nominated(const FieldList& fields, std::string_view name) {
  bool nominated = false;
  for (const Field& field : fields) {
    if (field.id == FieldId::connection) {
      for_each_list_member(field.value, [&nominated, name](std::string_view option) {
        nominated = nominated || equals_ignoring_case(option, name);
      });
    }
  }
  return nominated;
}

}  // namespace fairlead::http
