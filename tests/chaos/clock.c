/* A wall clock that can be set, for the processes that load this (LD_PRELOAD).
 *
 * CHAOS_CLOCK names a file that holds one number of 64 bits: the nanoseconds that are added to the wall clock. It is
 * mapped, so that a change counts at once for every process that has it, forked ones included. The monotonic clock is
 * left alone, as the kernel leaves it when somebody sets the time.
 *
 * Deadlines by the wall clock are translated on their way to the kernel, which knows only the real one. A deadline is by
 * the wall clock if it is later than any machine has been up.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define BILLION 1000000000LL

static int64_t nothing = 0;
static volatile int64_t *shift = &nothing;

__attribute__((constructor)) static void map_shift(void) {
    const char *path = getenv("CHAOS_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *mapped = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (mapped != MAP_FAILED) shift = mapped;
}

static struct timespec moved(const struct timespec *time, int64_t nanoseconds) {
    int64_t total = time->tv_sec * BILLION + time->tv_nsec + nanoseconds;
    struct timespec result = {total / BILLION, total % BILLION};
    return result;
}

static int is_wall(clockid_t clock) { return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE; }

static struct timespec real_deadline(const struct timespec *deadline) {
    return deadline->tv_sec > BILLION ? moved(deadline, -*shift) : *deadline;
}

/* The version that programs are linked with today: older ones, of other layouts, have the same name. */
static void *next(const char *name, const char *version) {
    void *found = version ? dlvsym(RTLD_NEXT, name, version) : NULL;
    return found ? found : dlsym(RTLD_NEXT, name);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = next("clock_gettime", NULL);
    int answer = real(clock, time);
    if (answer == 0 && is_wall(clock)) *time = moved(time, *shift);
    return answer;
}

int gettimeofday(struct timeval *time, void *zone) {
    struct timespec found;
    (void)zone;
    int answer = clock_gettime(CLOCK_REALTIME, &found);
    time->tv_sec = found.tv_sec;
    time->tv_usec = found.tv_nsec / 1000;
    return answer;
}

time_t time(time_t *result) {
    struct timespec found;
    clock_gettime(CLOCK_REALTIME, &found);
    if (result) *result = found.tv_sec;
    return found.tv_sec;
}

int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *deadline) {
    static int (*real)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    if (!real) real = next("pthread_cond_timedwait", "GLIBC_2.3.2");
    struct timespec until = real_deadline(deadline);
    return real(condition, mutex, &until);
}

int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *deadline) {
    static int (*real)(pthread_mutex_t *, const struct timespec *);
    if (!real) real = next("pthread_mutex_timedlock", NULL);
    struct timespec until = real_deadline(deadline);
    return real(mutex, &until);
}

int sem_timedwait(sem_t *semaphore, const struct timespec *deadline) {
    static int (*real)(sem_t *, const struct timespec *);
    if (!real) real = next("sem_timedwait", NULL);
    struct timespec until = real_deadline(deadline);
    return real(semaphore, &until);
}

long syscall(long number, ...) {
    static long (*real)(long, ...);
    if (!real) real = next("syscall", NULL);
    long argument[6];
    struct timespec until;
    va_list list;
    va_start(list, number);
    for (int place = 0; place < 6; place++) argument[place] = va_arg(list, long);
    va_end(list);
    /* gRPC waits by the wall clock: futex(address, operation, value, deadline, …). */
    if (number == SYS_futex && (argument[1] & FUTEX_CLOCK_REALTIME) && argument[3]) {
        until = real_deadline((const struct timespec *)argument[3]);
        argument[3] = (long)&until;
    }
    return real(number, argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
}
