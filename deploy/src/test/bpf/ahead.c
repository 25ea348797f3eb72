// Preloaded into a program, it has the wall clock say that it is two days later. The other clocks, by which programs
// measure and wait, are left alone.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *now)
{
	static int (*real)(clockid_t, struct timespec *);
	int code;

	if (real == NULL)
		real = dlsym(RTLD_NEXT, "clock_gettime");
	code = real(clock, now);
	if (code == 0 && clock == CLOCK_REALTIME)
		now->tv_sec += 2 * 24 * 60 * 60;
	return code;
}
