// Applications whose connections were upgraded: how long they are kept.
#include <doctest/doctest.h>

#include <memory>
#include <utility>

#include "container/engine.h"

using namespace container;

namespace {

std::shared_ptr<const Mapping> mapping_of(
    std::vector<std::shared_ptr<const Application>> applications) {
  auto made = std::make_shared<Mapping>();
  made->entries.push_back({.name = "localhost",
                           .contexts = {},
                           .applications = {},
                           .filters = {},
                           .own_filters = nullptr});
  made->entries.front().applications = std::move(applications);
  return made;
}

}  // namespace

TEST_CASE("residents: counted through moves") {
  Residents residents;
  Resident first = Resident::take(residents);
  {
    Resident second = Resident::take(residents);
    CHECK(residents.count() == 2);
    const Resident moved(std::move(second));
    CHECK(residents.count() == 2);
  }
  CHECK(residents.count() == 1);
  first = Resident();
  CHECK(residents.count() == 0);
}

TEST_CASE("residents: keep an application whose mapping has ended") {
  server::Loop loop(0);
  loop.start();
  Engine engine({&loop});
  auto old = std::make_shared<const Application>();
  auto carried_over = std::make_shared<const Application>();
  auto left_alone = std::make_shared<const Application>();
  const std::weak_ptr<const Application> watched = old;
  const std::weak_ptr<const Application> lonely = left_alone;
  Resident stays = Resident::take(*old->residents);
  Resident stays_too = Resident::take(*carried_over->residents);
  engine.publish(
      mapping_of({std::exchange(old, nullptr), carried_over, std::exchange(left_alone, nullptr)}));
  CHECK(engine.reap() == 0);
  engine.publish(mapping_of({carried_over}));
  CHECK(engine.reap() == 2);
  CHECK(lonely.expired());
  CHECK_FALSE(watched.expired());
  SUBCASE("until the last of them has gone") {
    Resident last = Resident::take(*watched.lock()->residents);
    stays = Resident();
    CHECK(engine.reap() == 2);
    CHECK_FALSE(watched.expired());
    last = Resident();
    CHECK(engine.reap() == 1);
    CHECK(watched.expired());
  }
  SUBCASE("through many mappings, and each once") {
    for (int i = 0; i < 5; ++i) {
      engine.publish(mapping_of({carried_over}));
      CHECK(engine.reap() == 2);
    }
    stays = Resident();
    stays_too = Resident();
    CHECK(engine.reap() == 0);
    CHECK(watched.expired());
    CHECK(carried_over.use_count() == 2);
  }
}
