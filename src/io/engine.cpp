#include "io/engine.hpp"

namespace fairlead::io {

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

}  // namespace fairlead::io
