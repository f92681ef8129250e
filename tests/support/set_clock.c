/* Let a process read another time of day: loaded before its C library, told by a file that both map.
   The file holds two 64-bit integers: 1 for a clock that stands, 0 for one that runs; then the time it stands at,
   or what to add to the real one, in microseconds. Monotonic clocks, so timeouts, are left alone. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t *told;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("TOKENPULSE_TEST_CLOCK");
  int file = path ? open(path, O_RDONLY) : -1;
  void *mapped = file < 0 ? MAP_FAILED : mmap(NULL, 16, PROT_READ, MAP_SHARED, file, 0);
  if (mapped != MAP_FAILED) told = mapped;
}

static int64_t microseconds(void) {
  struct timespec real;
  syscall(SYS_clock_gettime, CLOCK_REALTIME, &real);
  if (!told) return real.tv_sec * 1000000LL + real.tv_nsec / 1000;
  return told[0] ? told[1] : real.tv_sec * 1000000LL + real.tv_nsec / 1000 + told[1];
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  int64_t us = microseconds();
  (void)zone;
  now->tv_sec = us / 1000000;
  now->tv_usec = us % 1000000;
  return 0;
}

time_t time(time_t *into) {
  time_t seconds = microseconds() / 1000000;
  if (into) *into = seconds;
  return seconds;
}
