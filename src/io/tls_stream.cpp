#include "io/tls_stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.hpp"

namespace fairlead::io {

void TlsStream::Freed::operator()(ssl_st* ssl) const {
  SSL_free(ssl);
}

TlsStream::TlsStream(std::unique_ptr<PlainStream> transport, const TlsContext& context, const std::string& host)
    : Stream(transport->loop(), transport->side()), transport_(std::move(transport)), ssl_(SSL_new(context.get())) {
  check(ssl_ != nullptr, "no memory for a TLS connection");
  input_ = BIO_new(BIO_s_mem());
  output_ = BIO_new(BIO_s_mem());
  check(input_ != nullptr && output_ != nullptr, "no memory for a TLS connection");
  SSL_set_bio(ssl_.get(), input_, output_);
  SSL_set_connect_state(ssl_.get());
  const bool is_ip = Address::from_ip(host, 0).has_value();
  int named = 1;
  if (!is_ip) {
    named = static_cast<int>(SSL_set_tlsext_host_name(ssl_.get(), host.c_str()));
  }
  if (context.verifies() && named == 1) {
    // Without a name every certificate of the authority would do.
    named = host.empty() ? 0
            : is_ip      ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), host.c_str())
                         : SSL_set1_host(ssl_.get(), host.c_str());
  }
  if (named != 1) {
    fault_ = -EINVAL;
  }
  receive_.socket = send_.socket = &transport_->socket_;
  receive_.context = send_.context = this;
  receive_.vectors = &piece_;
  receive_.vector_count = 1;
  receive_.on_complete = [](Operation& operation) {
    auto& stream = *static_cast<TlsStream*>(operation.context);
    stream.receiving_ = false;
    if (operation.result < 0) {
      stream.fault_ = operation.result;
    }
    stream.progress();
  };
  send_.kind = OperationKind::send;
  send_.on_complete = [](Operation& operation) {
    auto& stream = *static_cast<TlsStream*>(operation.context);
    stream.sending_ = false;
    if (operation.result < 0) {
      stream.fault_ = operation.result;
    }
    stream.progress();
  };
}

TlsStream::~TlsStream() {
  TlsStream::close();
}

Stream::Waiting TlsStream::handshake(TimePoint deadline) {
  return {*this, OperationKind::connect, std::span<iovec>{}, deadline};
}

std::string_view TlsStream::certificate_fault() const {
  const long verdict = SSL_get_verify_result(ssl_.get());
  return verdict == X509_V_OK ? std::string_view() : X509_verify_cert_error_string(verdict);
}

Operation*& TlsStream::slot_of(const Operation& operation) {
  const bool writes = operation.kind == OperationKind::send || operation.kind == OperationKind::connect;
  return writes ? writer_ : reader_;
}

bool TlsStream::start(Operation& operation) {
  if (operation.kind == OperationKind::broken) {
    return transport_->start(operation);  // a matter of the transport alone
  }
  operation.sent = 0;
  if (!is_open()) {
    operation.result = -ECANCELED;
    return true;
  }
  Operation*& slot = slot_of(operation);
  check(slot == nullptr, "two operations of one direction on a stream");
  if (operation.kind == OperationKind::receive && operation.vectors[0].iov_len == 0) {
    operation.result = -EINVAL;
    return true;
  }
  if (try_now(operation)) {
    return true;
  }
  slot = &operation;
  return false;
}

void TlsStream::cancel(Operation& operation) {
  if (operation.kind == OperationKind::broken) {
    transport_->cancel(operation);
    return;
  }
  Operation*& slot = slot_of(operation);
  if (slot == &operation) {
    slot = nullptr;
    operation.result = -ECANCELED;
    loop().engine().completed().push(operation);
  }
}

bool TlsStream::try_now(Operation& operation) {
  while (true) {
    const Step step = attempt(operation);
    flush();
    if (step != Step::wants_input) {
      return step == Step::done;
    }
    if (!pull()) {
      return false;
    }
  }
}

TlsStream::Step TlsStream::attempt(Operation& operation) {
  ERR_clear_error();
  // What was decrypted before the fault may still be read.
  if (fault_ != 0 && (operation.kind != OperationKind::receive || SSL_is_init_finished(ssl_.get()) == 0)) {
    operation.result = operation.kind == OperationKind::readable ? 0 : fault_;
    return Step::done;
  }
  char byte = 0;
  switch (operation.kind) {
    case OperationKind::send: return attempt_send(operation);
    case OperationKind::connect: return outcome(operation, SSL_do_handshake(ssl_.get()) == 1 ? 1 : -1);
    case OperationKind::readable: return outcome(operation, SSL_peek(ssl_.get(), &byte, 1));
    case OperationKind::receive: {
      const iovec& memory = operation.vectors[0];
      const auto bytes = static_cast<int>(std::min(memory.iov_len, unsent_max));
      return outcome(operation, SSL_read(ssl_.get(), memory.iov_base, bytes));
    }
    case OperationKind::broken:
    case OperationKind::accept: break;
  }
  operation.result = -EINVAL;
  return Step::done;
}

TlsStream::Step TlsStream::attempt_send(Operation& operation) {
  if ((SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) != 0) {
    operation.result = -EPIPE;
    return Step::done;
  }
  while (operation.vector_count > 0) {
    iovec& piece = operation.vectors[0];
    if (piece.iov_len == 0) {
      ++operation.vectors;
      --operation.vector_count;
      continue;
    }
    if (BIO_ctrl_pending(output_) >= unsent_max && !flush()) {
      return Step::wants_output;
    }
    const auto bytes = static_cast<int>(std::min(piece.iov_len, record_max));
    const int written = SSL_write(ssl_.get(), piece.iov_base, bytes);
    if (written <= 0) {
      return outcome(operation, written);
    }
    piece.iov_base = static_cast<char*>(piece.iov_base) + written;
    piece.iov_len -= static_cast<std::size_t>(written);
    operation.sent += written;
  }
  if (!flush()) {
    return Step::wants_output;
  }
  operation.result = fault_ != 0 ? fault_ : operation.sent;
  return Step::done;
}

TlsStream::Step TlsStream::outcome(Operation& operation, int returned) {
  if (returned > 0) {
    operation.result = operation.kind == OperationKind::receive ? returned : 0;
    return Step::done;
  }
  const int reason = SSL_get_error(ssl_.get(), returned);
  if (reason == SSL_ERROR_WANT_READ && fault_ == 0 && !input_ended_) {
    return Step::wants_input;
  }
  if (reason == SSL_ERROR_ZERO_RETURN) {
    const bool is_read = operation.kind == OperationKind::receive || operation.kind == OperationKind::readable;
    operation.result = is_read ? 0 : -ECONNRESET;
    return Step::done;
  }
  if (fault_ == 0) {
    fault_ = fault_now();
  }
  operation.result = operation.kind == OperationKind::readable ? 0 : fault_;
  return Step::done;
}

std::int64_t TlsStream::fault_now() const {
  if (input_ended_) {
    return -ECONNRESET;
  }
  return SSL_get_verify_mode(ssl_.get()) != SSL_VERIFY_NONE && !certificate_fault().empty() ? -EKEYREJECTED : -EPROTO;
}

/// True: more ciphertext, the transport's end or a fault is there. False: it will be.
bool TlsStream::pull() {
  while (!receiving_) {
    receive_.kind = OperationKind::readable;
    if (!loop().engine().submit(receive_)) {
      receiving_ = true;
      return false;
    }
    if (receive_.result < 0) {
      fault_ = receive_.result;
      return true;
    }
    if (take_input()) {
      return true;
    }
  }
  return false;
}

/// Moves what the kernel has into OpenSSL's memory; false when it had nothing after all.
bool TlsStream::take_input() {
  Buffer buffer = loop().buffers().take();
  piece_ = iovec{buffer.space().data(), buffer.space().size()};
  receive_.kind = OperationKind::receive;
  if (!loop().engine().submit(receive_)) {
    loop().engine().cancel(receive_);
    loop().engine().completed().remove(receive_);
    return false;
  }
  if (receive_.result > 0) {
    const auto bytes = static_cast<int>(receive_.result);
    check(BIO_write(input_, piece_.iov_base, bytes) == bytes, "no memory for TLS input");
  } else if (receive_.result == 0) {
    input_ended_ = true;
  } else {
    fault_ = receive_.result;
  }
  return true;
}

/// True: all ciphertext is with the kernel, or never will be.
bool TlsStream::flush() {
  while (!sending_ && BIO_ctrl_pending(output_) > 0 && transport_->is_open()) {
    sending_bytes_.resize(BIO_ctrl_pending(output_));
    BIO_read(output_, sending_bytes_.data(), static_cast<int>(sending_bytes_.size()));
    send_piece_ = iovec{sending_bytes_.data(), sending_bytes_.size()};
    send_.vectors = &send_piece_;
    send_.vector_count = 1;
    if (!loop().engine().submit(send_)) {
      sending_ = true;
    } else if (send_.result < 0) {
      fault_ = send_.result;
    }
  }
  if (!sending_ && end_follows_) {
    end_follows_ = false;
    transport_->shutdown_send();
  }
  return !sending_;
}

void TlsStream::progress() {
  flush();
  for (Operation** slot : {&writer_, &reader_}) {
    if (*slot != nullptr && try_now(**slot)) {
      loop().engine().completed().push(*std::exchange(*slot, nullptr));
    }
  }
}

void TlsStream::shutdown_send() {
  if (is_open()) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    end_follows_ = true;
    flush();
  }
}

void TlsStream::close() {
  if (!is_open()) {
    return;
  }
  if (fault_ == 0) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
  }
  flush();  // as far as the kernel takes it at once
  transport_->close();
  take_back(receive_, receiving_);
  take_back(send_, sending_);
  for (Operation* parked : {reader_, writer_}) {
    if (parked != nullptr) {
      cancel(*parked);
    }
  }
}

/// An operation of ours on the transport, ended by closing it: we may be gone before its turn comes.
void TlsStream::take_back(Operation& operation, bool& under_way) {
  if (std::exchange(under_way, false)) {
    loop().engine().completed().remove(operation);
  }
}

bool TlsStream::is_quiet(bool ask_kernel) {
  return is_open() && fault_ == 0 && !input_ended_ && SSL_has_pending(ssl_.get()) == 0 &&
         BIO_ctrl_pending(input_) == 0 && transport_->is_quiet(ask_kernel);
}

}  // namespace fairlead::io
