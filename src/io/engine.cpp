#include "io/engine.hpp"

#include <utility>

namespace fairlead::io {

Operation*& slot_of(Operation& operation) {
  Socket& socket = *operation.socket;
  switch (operation.kind) {
    case OperationKind::accept:
    case OperationKind::receive:
    case OperationKind::readable: return socket.reader;
    case OperationKind::connect:
    case OperationKind::send: return socket.writer;
    case OperationKind::broken: return socket.watcher;
  }
  return socket.reader;
}

void CompletedList::push(Operation& operation) {
  operation.next = nullptr;
  (last_ == nullptr ? first_ : last_->next) = &operation;
  last_ = &operation;
}

Operation* CompletedList::pop() {
  Operation* operation = first_;
  if (operation != nullptr) {
    first_ = operation->next;
    if (first_ == nullptr) {
      last_ = nullptr;
    }
  }
  return operation;
}

bool CompletedList::remove(Operation& operation) {
  Operation* previous = nullptr;
  Operation* each = first_;
  while (each != nullptr && each != &operation) {
    previous = std::exchange(each, each->next);
  }
  if (each == nullptr) {
    return false;
  }
  (previous == nullptr ? first_ : previous->next) = operation.next;
  if (last_ == &operation) {
    last_ = previous;
  }
  return true;
}

}  // namespace fairlead::io
