// Loaded before the tests under ThreadSanitizer, by scripts/tsan.
//
// As long as nothing waits for it, Swift's `Mutex` is taken and left by code in its callers, which the
// sanitizer sees. With waiters that happens in the standard library, which is not instrumented, so
// that all that it guards would be reported as a race. These functions take the place of the
// library's, call them, and tell the sanitizer what they did.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

extern void __tsan_acquire(void *) __attribute__((weak));
extern void __tsan_release(void *) __attribute__((weak));

#define swift __attribute__((swiftcall))
#define context __attribute__((swift_context))
#define NAME(function) "$s15Synchronization12_MutexHandleV" function

typedef swift void Lock(uint32_t, context void *);
typedef swift bool TryLock(context void *);
typedef swift void Unlock(context void *);

static void *library(const char *name) { return dlsym(RTLD_NEXT, name); }

swift void lock(uint32_t thread, context void *mutex) __asm__(NAME("9_lockSlowyys6UInt32VF"));
swift void lock(uint32_t thread, context void *mutex) {
    ((Lock *)library(NAME("9_lockSlowyys6UInt32VF")))(thread, mutex);
    if (__tsan_acquire) __tsan_acquire(mutex);
}

swift bool tryLock(context void *mutex) __asm__(NAME("12_tryLockSlowSbyF"));
swift bool tryLock(context void *mutex) {
    bool hasIt = ((TryLock *)library(NAME("12_tryLockSlowSbyF")))(mutex);
    if (hasIt && __tsan_acquire) __tsan_acquire(mutex);
    return hasIt;
}

swift void unlock(context void *mutex) __asm__(NAME("11_unlockSlowyyF"));
swift void unlock(context void *mutex) {
    if (__tsan_release) __tsan_release(mutex);
    ((Unlock *)library(NAME("11_unlockSlowyyF")))(mutex);
}
