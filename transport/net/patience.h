// Whether a loop that has nothing to do should look again for a moment before it sleeps.
//
//   Why     waking a thread takes tens of microseconds, more than a message does: who is answered sooner than that had better not sleep.
//   Shape   told of each turn's bytes and of each time without work; keeps a mean of both that forgets quickly. It says no where the
//           answers take longer than the limit, and where turns are large: who is at full speed loses nothing by a sleep.
//           A look that was interrupted means that others want the processor, and who has used up its share by looking waits for it when an
//           answer comes: after one it says no for some times, after each further one for twice as many.
//   Errors  none. No clock of its own.
#pragma once

#include <chrono>
#include <cstddef>

namespace ssb::net {

class Patience {
 public:
  using Duration = std::chrono::steady_clock::duration;
  // At most so long; 0: never.
  explicit Patience(Duration limit) : limit_(limit), usual_wait_(limit) {}

  void worked(std::size_t bytes);
  void waited(Duration time);
  // The processor was taken away during a look.
  void interrupted();
  // How long to look now.
  [[nodiscard]] Duration now() const;

 private:
  Duration limit_;
  Duration usual_wait_;
  std::size_t usual_bytes_ = 0;
  int refusals_ = 0;  // still to come
  int last_refusals_ = 0;
};

}  // namespace ssb::net
