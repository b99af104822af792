// Looking things up in the schema.
#include "container/config/schema.h"

#include <set>

namespace container {
namespace {

void visit(const Element& element, const std::function<void(const Element&)>& visitor,
           std::set<std::string_view>& seen) {
  if (!seen.insert(element.name).second) return;
  visitor(element);
  for (const Child& child : element.children) visit(*child.element, visitor, seen);
}

}  // namespace

const Attribute* Element::find_attribute(std::string_view attribute) const {
  for (const Attribute& candidate : attributes) {
    if (candidate.name == attribute) return &candidate;
  }
  return nullptr;
}

const Child* Element::find_child(std::string_view child) const {
  for (const Child& candidate : children) {
    if (candidate.element->name == child) return &candidate;
  }
  return nullptr;
}

void visit_elements(const Element& root, const std::function<void(const Element&)>& visitor) {
  std::set<std::string_view> seen;
  visit(root, visitor, seen);
}

}  // namespace container
