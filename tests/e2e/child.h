// A program that a test starts, talks to and ends.
#pragma once

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ssb::e2e {

// A child with its standard input and output on pipes; its log goes to a file.
class Child {
 public:
  Child(const std::vector<std::string>& arguments, const std::filesystem::path& log) {
    int in[2];
    int out[2];
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    pid_ = fork();
    if (pid_ == 0) {
      dup2(in[0], STDIN_FILENO);
      dup2(out[1], STDOUT_FILENO);
      const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      dup2(file, STDERR_FILENO);
      std::vector<char*> argv;
      argv.reserve(arguments.size() + 1);
      for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
      argv.push_back(nullptr);
      execv(argv[0], argv.data());
      _exit(127);
    }
    close(in[0]);
    close(out[1]);
    input_ = in[1];
    output_ = out[0];
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) end(SIGKILL);
    if (input_ >= 0) close(input_);
    close(output_);
  }

  void say(const std::string& text) const {
    if (write(input_, text.data(), text.size()) < 0) throw std::runtime_error("write to the child");
  }
  // Reads until the text comes; false when `until` passes or the child ends.
  bool wait_for(const std::string& text, std::chrono::steady_clock::time_point until) {
    for (;;) {
      const auto found = seen_.find(text);
      if (found != std::string::npos) {
        seen_.erase(0, found + text.size());
        return true;
      }
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                            until - std::chrono::steady_clock::now())
                            .count();
      pollfd waiting{output_, POLLIN, 0};
      if (left <= 0 || poll(&waiting, 1, static_cast<int>(left)) <= 0) return false;
      char buffer[4096];
      const ssize_t size = read(output_, buffer, sizeof buffer);
      if (size <= 0) return false;
      seen_.append(buffer, static_cast<std::size_t>(size));
      output_text_.append(buffer, static_cast<std::size_t>(size));
    }
  }
  // All of its standard output so far that was read.
  [[nodiscard]] const std::string& output() const { return output_text_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  void close_input() {
    close(input_);
    input_ = -1;
  }
  // Its standard output to the end; the exit status.
  int finish() {
    char buffer[4096];
    for (ssize_t size = 0; (size = read(output_, buffer, sizeof buffer)) > 0;)
      output_text_.append(buffer, static_cast<std::size_t>(size));
    return end(0);
  }
  // The exit status.
  int end(int signal) {
    kill(pid_, signal);
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_ = -1;
  int input_ = -1;
  int output_ = -1;
  std::string seen_;         // what wait_for() has not passed
  std::string output_text_;  // all
};

}  // namespace ssb::e2e
