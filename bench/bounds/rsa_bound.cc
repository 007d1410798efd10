// What the RSA-2048 work of a new dialog costs when nothing is cached: per side on one core, and for both sides on all cores.
//
//   A grant in one direction is one signature and one wrap at its sender, one verification and one unwrap at its receiver. A dialog in
//   which only the initiator has sent has one grant; one that was answered has two, in opposite directions (protocol.md, full security).
//   Shape   one JSON line. messages_per_s counts dialogs with one grant, both sides, on all --threads together; answered_dialogs_per_s,
//           those with two grants; initiator_per_s and target_per_s, one grant's half on one core; *_s, one operation.
//   Units   seconds of processor time for single operations and halves, real time for the rates over all threads. The rates over threads
//           run the operations; verified counts signatures and keys that came out as they went in, failed must be 0.
//   Source  RFC 8017: PSS-SHA-256 with salt 32, OAEP-SHA-256 with a label of 32 bytes; OpenSSL's EVP_PKEY with kept contexts.

#include <atomic>
#include <cstdlib>
#include <functional>
#include <memory>
#include <thread>

#include <CLI/CLI.hpp>
#include <openssl/rsa.h>

#include "bench/bounds/measure.h"

namespace {

using namespace ssb::bench;

struct Options {
  double seconds = 0.5;
  unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  int bits = 2048;
};

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Context = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;

constexpr std::size_t kDigestBytes = 32;

// The four operations, each with a context of its own that is set up once; one thread's.
class Operations {
 public:
  explicit Operations(EVP_PKEY* key)
      : sign_(make(key)),
        verify_(make(key)),
        wrap_(make(key)),
        unwrap_(make(key)),
        bytes_(static_cast<std::size_t>(EVP_PKEY_get_size(key))),
        signature_(bytes_),
        wrapped_(bytes_) {
    require(EVP_PKEY_sign_init(sign_.get()) == 1 && EVP_PKEY_verify_init(verify_.get()) == 1 &&
                EVP_PKEY_encrypt_init(wrap_.get()) == 1 &&
                EVP_PKEY_decrypt_init(unwrap_.get()) == 1,
            "setting up RSA");
    for (EVP_PKEY_CTX* context : {sign_.get(), verify_.get()})
      require(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
                  EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
                  EVP_PKEY_CTX_set_rsa_pss_saltlen(context, kDigestBytes) == 1,
              "setting up PSS");
    for (EVP_PKEY_CTX* context : {wrap_.get(), unwrap_.get()}) {
      require(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
                  EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) == 1 &&
                  EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1,
              "setting up OAEP");
      void* label = OPENSSL_memdup(digest_.data(), digest_.size());  // the context frees it
      require(EVP_PKEY_CTX_set0_rsa_oaep_label(context, label, kDigestBytes) == 1,
              "setting a label");
    }
    sign();
    wrap();
  }

  void sign() {
    std::size_t size = signature_.size();
    require(
        EVP_PKEY_sign(sign_.get(), signature_.data(), &size, digest_.data(), digest_.size()) == 1,
        "a signature");
  }
  void verify() {
    count(EVP_PKEY_verify(verify_.get(), signature_.data(), signature_.size(), digest_.data(),
                          digest_.size()) == 1);
  }
  void wrap() {
    std::size_t size = wrapped_.size();
    require(
        EVP_PKEY_encrypt(wrap_.get(), wrapped_.data(), &size, secret_.data(), secret_.size()) == 1,
        "a wrap");
  }
  void unwrap() {
    Bytes out(bytes_);
    std::size_t size = out.size();
    const bool opened =
        EVP_PKEY_decrypt(unwrap_.get(), out.data(), &size, wrapped_.data(), wrapped_.size()) == 1;
    out.resize(size);
    count(opened && out == secret_);
  }
  void send_grant() { sign(), wrap(); }
  void take_grant() { verify(), unwrap(); }

  std::uint64_t verified = 0;
  std::uint64_t failed = 0;

 private:
  static Context make(EVP_PKEY* key) { return Context(EVP_PKEY_CTX_new(key, nullptr)); }
  void count(bool good) { ++(good ? verified : failed); }

  Context sign_;
  Context verify_;
  Context wrap_;
  Context unwrap_;
  std::size_t bytes_;
  Bytes digest_ = Bytes(kDigestBytes, 0x11);
  Bytes secret_ = Bytes(kKeyBytes, 0x22);
  Bytes signature_;
  Bytes wrapped_;
};

// Processor seconds of one `work` on this thread.
double cost_of(double seconds, const std::function<void()>& work) {
  constexpr int kChunk = 8;
  std::uint64_t done = 0;
  const double start = thread_cpu_seconds();
  double now = start;
  while (now - start < seconds) {
    for (int i = 0; i < kChunk; ++i) work();
    done += kChunk;
    now = thread_cpu_seconds();
  }
  return (now - start) / static_cast<double>(done);
}

struct Together {
  double dialogs_per_s = 0;
  double cpu_s_per_dialog = 0;
  std::uint64_t verified = 0;
  std::uint64_t failed = 0;
};

// Whole dialogs with `grants` grants each on every thread at once.
Together run_together(const Options& options, EVP_PKEY* key, int grants) {
  std::atomic<std::uint64_t> dialogs{0};
  std::atomic<std::uint64_t> verified{0};
  std::atomic<std::uint64_t> failed{0};
  std::vector<std::thread> threads;
  const double cpu = process_cpu_seconds();
  const double start = wall_seconds();
  for (unsigned i = 0; i < options.threads; ++i) {
    threads.emplace_back([&] {
      Operations operations(key);
      while (wall_seconds() - start < options.seconds) {
        for (int grant = 0; grant < grants; ++grant) {
          operations.send_grant();
          operations.take_grant();
        }
        ++dialogs;
      }
      verified += operations.verified;
      failed += operations.failed;
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto done = static_cast<double>(dialogs.load());
  return {done / (wall_seconds() - start), (process_cpu_seconds() - cpu) / done, verified, failed};
}

int run(const Options& options) {
  const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(options.bits)));
  require(key != nullptr, "making a key");
  Operations one(key.get());
  const double each = options.seconds / 4;
  const double sign = cost_of(each, [&] { one.sign(); });
  const double verify = cost_of(each, [&] { one.verify(); });
  const double wrap = cost_of(each, [&] { one.wrap(); });
  const double unwrap = cost_of(each, [&] { one.unwrap(); });
  const Together first = run_together(options, key.get(), 1);
  const Together answered = run_together(options, key.get(), 2);
  const std::uint64_t failed = one.failed + first.failed + answered.failed;
  JsonLine("rsa_bound")
      .count("bits", static_cast<std::uint64_t>(options.bits))
      .count("threads", options.threads)
      .number("seconds", options.seconds)
      .number("messages_per_s", first.dialogs_per_s)
      .number("cpu_s_per_message", first.cpu_s_per_dialog)
      .number("answered_dialogs_per_s", answered.dialogs_per_s)
      .number("initiator_per_s", 1 / (sign + wrap))
      .number("target_per_s", 1 / (verify + unwrap))
      .number("sign_s", sign)
      .number("verify_s", verify)
      .number("wrap_s", wrap)
      .number("unwrap_s", unwrap)
      .count("verified", one.verified + first.verified + answered.verified)
      .count("failed", failed)
      .print();
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app(
      "The RSA work of new dialogs, nothing cached. Example: rsa_bound --threads 2 --seconds 2");
  app.add_option("--seconds", options.seconds, "time of each of the three measurements")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--threads", options.threads, "threads of the rates over all cores")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  app.add_option("--bits", options.bits, "size of the key")
      ->capture_default_str()
      ->check(CLI::Range(1024, 4096));
  CLI11_PARSE(app, argc, argv);
  try {
    return run(options);
  } catch (const std::exception& failure) {
    fmt::print(stderr, "rsa_bound: {}\n", failure.what());
    return EXIT_FAILURE;
  }
}
