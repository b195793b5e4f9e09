// What TLS connections of one kind share: which certificates are believed, which is shown, which versions are spoken
// (1.2 and 1.3). Made once from the configuration, used by every TlsStream of that kind; today as client only: a
// server's context (its own certificate and key) would be another named constructor here.
// Thread rule: made on one thread, then shared by all loops (OpenSSL counts references atomically). Lifetime: a stream
// holds a reference of its own, so a context may be replaced while connections are open.
#pragma once

#include <memory>
#include <string>

#include "base/result.hpp"

struct ssl_ctx_st;

namespace fairlead::io {

struct TlsClientOptions {
  std::string ca_file;           ///< PEM; empty: what the system trusts
  std::string certificate_file;  ///< PEM chain to show to the server; empty: none
  std::string key_file;          ///< PEM, of that certificate
  bool verify = true;            ///< the server's certificate and name
};

class TlsContext {
 public:
  /// Error: unavailable, when a file can't be read, isn't PEM, or key and certificate don't belong together.
  static Result<TlsContext> for_client(const TlsClientOptions& options);

  [[nodiscard]] ssl_ctx_st* get() const { return context_.get(); }
  [[nodiscard]] bool verifies() const { return verifies_; }

 private:
  struct Freed {
    void operator()(ssl_ctx_st* context) const;
  };
  TlsContext() = default;

  std::unique_ptr<ssl_ctx_st, Freed> context_;
  bool verifies_ = true;
};

}  // namespace fairlead::io
