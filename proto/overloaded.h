// Several lambdas as one visitor of a std::variant: std::visit(Overloaded{[](A&) {}, [](B&) {}}, variant).
#pragma once

namespace ssb::proto {

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <typename... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

}  // namespace ssb::proto
