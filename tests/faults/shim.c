/* Loaded before the C library (LD_PRELOAD) into a process under test: counts what it asks of the system about the files
 * of one folder, and of its sockets, and at a chosen point kills it, or answers as a failing disk does.
 *
 * Environment:
 *   DMPKIT_FAULT_FOLDER   absolute path: files below it are counted, no others
 *   DMPKIT_FAULT_NETWORK  "1": sockets are counted too
 *   DMPKIT_FAULT_MODE     kill-before, kill-half, kill-after, full, io, short, reset; none when absent
 *   DMPKIT_FAULT_POINT    number of the call concerned, from 1; reset: the first of a socket from there on
 *   DMPKIT_FAULT_LASTING  "1": the calls after it fail too, until the process creates a file named "mend" in the folder
 *   DMPKIT_FAULT_LOG      a file to which every effect is appended, in order
 *
 * The log: one line an effect, followed by the bytes where there are some. `id` numbers what was opened.
 *   O id created path     W id offset length      S id        T id size      U path      R from<TAB>to
 *   L from<TAB>to (a second name)
 *   P id (a read)         C/D/E (connect, send, receive on a socket)         M length (written to "acknowledged")
 *   X id                  a sync that failed
 * All but M and X are points, and are numbered in the order of the log; a call that failed has X or nothing there.
 *
 * The system is called directly, not through the C library: nothing is looked up, nothing is called back. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum mode { NONE, KILL_BEFORE, KILL_HALF, KILL_AFTER, FULL, IO, SHORT, RESET };
enum kind { OTHER, OURS, MARKS };
enum { DESCRIPTORS = 4096 };

static struct { enum kind kind; int id; } opened[DESCRIPTORS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[4096];
static size_t folder_length;
static enum mode mode;
static long point, reached;
static int lasting, network, armed, struck, ids, log_fd = -1;

__attribute__((constructor)) static void begin(void) {
    static const char *const names[] = {"", "kill-before", "kill-half", "kill-after", "full", "io", "short", "reset"};
    const char *text = getenv("DMPKIT_FAULT_FOLDER");
    if (!text || strlen(text) >= sizeof folder) return;
    strcpy(folder, text);
    folder_length = strlen(folder);
    if ((text = getenv("DMPKIT_FAULT_MODE")))
        for (int i = 1; i < 8; i++)
            if (!strcmp(text, names[i])) mode = (enum mode)i;
    if ((text = getenv("DMPKIT_FAULT_POINT"))) point = atol(text);
    lasting = getenv("DMPKIT_FAULT_LASTING") != NULL;
    network = getenv("DMPKIT_FAULT_NETWORK") != NULL;
    if ((text = getenv("DMPKIT_FAULT_LOG")))
        log_fd = (int)syscall(SYS_openat, AT_FDCWD, text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    armed = 1;
}

static void die(void) {
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
}

/* Counts a call; what is to become of it. The lock is held from here until `end`. */
static enum mode start(int on_socket) {
    pthread_mutex_lock(&lock);
    if (!armed) return NONE;
    reached++;
    if (mode == NONE || reached < point || (struck && !lasting)) return NONE;
    /* Packets come as they will: in one run a call is of a socket whose number in another run is of a file. */
    if (mode == RESET && !on_socket) return NONE;
    struck = 1;
    if (mode == KILL_BEFORE) die();
    return mode;
}

static void end(enum mode fate) {
    if (fate == KILL_HALF || fate == KILL_AFTER) die();
    pthread_mutex_unlock(&lock);
}

static void note(const void *bytes, size_t length, const char *format, ...) {
    char line[4500];
    if (log_fd < 0) return;
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    struct iovec parts[2] = {{line, (size_t)n}, {(void *)bytes, length}};
    syscall(SYS_writev, log_fd, parts, length ? 2 : 1);
}

/* The name of a file below the folder; "." for the folder itself; NULL for any other. */
static const char *below(const char *path) {
    if (!folder_length || !path || strncmp(path, folder, folder_length)) return NULL;
    path += folder_length;
    if (!*path) return ".";
    if (*path != '/') return NULL;
    return path[1] ? path + 1 : ".";
}

static enum kind kind_of(int fd) { return fd >= 0 && fd < DESCRIPTORS ? opened[fd].kind : OTHER; }

static int is_socket(int fd) {
    struct stat about;
    return network && folder_length && syscall(SYS_fstat, fd, &about) == 0 && S_ISSOCK(about.st_mode);
}

static int failure(enum mode fate) {
    switch (fate) {
    case FULL: return ENOSPC;
    case IO: return EIO;
    case RESET: return ECONNRESET;
    default: return 0;
    }
}

/* ---- opening */

static int open_at(int directory, const char *path, int flags, mode_t permissions) {
    const char *name = directory == AT_FDCWD || (path && *path == '/') ? below(path) : NULL;
    if (!name) return (int)syscall(SYS_openat, directory, path, flags, permissions);
    if (!strcmp(name, "mend")) {
        pthread_mutex_lock(&lock);
        armed = 0;
        pthread_mutex_unlock(&lock);
    }
    if (!strcmp(name, "mend") || !strcmp(name, "acknowledged")) {
        int fd = (int)syscall(SYS_openat, directory, path, flags, permissions);
        if (fd >= 0 && fd < DESCRIPTORS) opened[fd].kind = MARKS;
        return fd;
    }
    enum mode fate = start(0);
    /* A full disk has no room for a new file, and lets any other be opened. */
    int absent = syscall(SYS_faccessat, AT_FDCWD, path, F_OK) != 0;
    int failed = failure(fate);
    if (failed == ENOSPC && !(absent && (flags & O_CREAT))) failed = 0;
    int fd = -1;
    if (failed) {
        errno = failed;
    } else {
        fd = (int)syscall(SYS_openat, directory, path, flags, permissions);
        if (fd >= 0 && fd < DESCRIPTORS) {
            opened[fd].kind = OURS;
            opened[fd].id = ++ids;
        }
    }
    int error = errno;
    int created = fd >= 0 && absent && (flags & O_CREAT);
    note(NULL, 0, "O %d %d %s\n", fd >= 0 ? ids : 0, created, name);
    if (fd >= 0 && (flags & O_TRUNC) && !absent) note(NULL, 0, "t %d 0\n", ids);
    end(fate);
    errno = error;
    return fd;
}

static mode_t permissions_of(int flags, va_list arguments) {
    return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0;
}

#define OPEN(name, directory, declared, more)                                \
    int name declared {                                                      \
        va_list arguments;                                                   \
        va_start(arguments, flags);                                          \
        mode_t permissions = permissions_of(flags, arguments);               \
        va_end(arguments);                                                   \
        return open_at(directory, path, flags | (more), permissions);        \
    }
OPEN(open, AT_FDCWD, (const char *path, int flags, ...), 0)
OPEN(open64, AT_FDCWD, (const char *path, int flags, ...), O_LARGEFILE)
OPEN(openat, directory, (int directory, const char *path, int flags, ...), 0)
OPEN(openat64, directory, (int directory, const char *path, int flags, ...), O_LARGEFILE)

int close(int fd) {
    if (fd == log_fd && fd >= 0) return 0;
    if (fd >= 0 && fd < DESCRIPTORS) opened[fd].kind = OTHER;
    return (int)syscall(SYS_close, fd);
}

/* ---- writing, to a file or a socket */

static ssize_t put(int fd, const void *bytes, size_t length, off_t at, int flags) {
    if (flags >= 0) return syscall(SYS_sendto, fd, bytes, length, flags, NULL, 0);
    return at < 0 ? syscall(SYS_write, fd, bytes, length) : syscall(SYS_pwrite64, fd, bytes, length, at);
}

/* `at` is -1 for the place where the file stands, `flags` -1 for what is not sent. */
static ssize_t write_to(int fd, const void *bytes, size_t length, off_t at, int flags) {
    enum kind kind = kind_of(fd);
    if (kind == MARKS) {
        pthread_mutex_lock(&lock);
        ssize_t n = put(fd, bytes, length, at, flags);
        int error = errno;
        note(bytes, length, "M %zu\n", length);
        pthread_mutex_unlock(&lock);
        errno = error;
        return n;
    }
    int sends = kind == OTHER && is_socket(fd);
    if (kind == OTHER && !sends) return put(fd, bytes, length, at, flags);
    off_t place = at >= 0 || sends ? at : (off_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);
    enum mode fate = start(sends);
    size_t asked = fate == KILL_HALF || fate == SHORT ? length / 2 : length;
    ssize_t n = -1;
    if (failure(fate)) errno = failure(fate);
    else n = asked || !length ? put(fd, bytes, asked, at, flags) : 0;
    int error = errno;
    if (sends) note(NULL, 0, "D %zd\n", n);
    else note(bytes, n > 0 ? (size_t)n : 0, "W %d %lld %zd\n", opened[fd].id, (long long)place, n > 0 ? n : 0);
    end(fate);
    errno = error;
    return n;
}

static ssize_t write_parts(int fd, const struct iovec *parts, int count, off_t at, int flags) {
    size_t length = 0, filled = 0;
    for (int i = 0; i < count; i++) length += parts[i].iov_len;
    char *all = malloc(length ? length : 1);
    if (!all) abort();
    for (int i = 0; i < count; i++) {
        memcpy(all + filled, parts[i].iov_base, parts[i].iov_len);
        filled += parts[i].iov_len;
    }
    ssize_t n = write_to(fd, all, length, at, flags);
    int error = errno;
    free(all);
    errno = error;
    return n;
}

ssize_t write(int fd, const void *bytes, size_t length) { return write_to(fd, bytes, length, -1, -1); }
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return write_to(fd, bytes, length, at, -1); }
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) { return write_to(fd, bytes, length, at, -1); }
ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (kind_of(fd) == OTHER && !is_socket(fd)) return syscall(SYS_writev, fd, parts, count);
    return write_parts(fd, parts, count, -1, -1);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return write_parts(fd, parts, count, at, -1); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) { return write_parts(fd, parts, count, at, -1); }
ssize_t send(int fd, const void *bytes, size_t length, int flags) { return write_to(fd, bytes, length, -1, flags); }
ssize_t sendto(int fd, const void *bytes, size_t length, int flags, const struct sockaddr *to, socklen_t size) {
    if (to) return syscall(SYS_sendto, fd, bytes, length, flags, to, size);
    return write_to(fd, bytes, length, -1, flags);
}
ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    if (!is_socket(fd)) return syscall(SYS_sendmsg, fd, message, flags);
    return write_parts(fd, message->msg_iov, (int)message->msg_iovlen, -1, flags);
}

/* What makes room for a file without writing to it: refused, so that whoever asks writes instead, and is seen. */
int fallocate(int fd, int how, off_t at, off_t length) {
    if (kind_of(fd) == OTHER) return (int)syscall(SYS_fallocate, fd, how, at, length);
    errno = EOPNOTSUPP;
    return -1;
}
int fallocate64(int fd, int how, off64_t at, off64_t length) { return fallocate(fd, how, at, length); }
int posix_fallocate(int fd, off_t at, off_t length) {
    if (kind_of(fd) != OTHER) return EOPNOTSUPP;
    return syscall(SYS_fallocate, fd, 0, at, length) == 0 ? 0 : errno;
}
int posix_fallocate64(int fd, off64_t at, off64_t length) { return posix_fallocate(fd, at, length); }

/* Copies made by the system, from file to file: refused, for the same reason. */
ssize_t copy_file_range(int from, off64_t *at, int to, off64_t *place, size_t length, unsigned flags) {
    if (kind_of(from) == OTHER && kind_of(to) == OTHER)
        return syscall(SYS_copy_file_range, from, at, to, place, length, flags);
    errno = ENOSYS;
    return -1;
}
ssize_t sendfile64(int to, int from, off64_t *at, size_t length) {
    if (kind_of(from) == OTHER && kind_of(to) == OTHER) return syscall(SYS_sendfile, to, from, at, length);
    errno = ENOSYS;
    return -1;
}

/* ---- reading */

static ssize_t get(int fd, void *bytes, size_t length, off_t at, int flags) {
    if (flags >= 0) return syscall(SYS_recvfrom, fd, bytes, length, flags, NULL, NULL);
    return at < 0 ? syscall(SYS_read, fd, bytes, length) : syscall(SYS_pread64, fd, bytes, length, at);
}

static ssize_t read_from(int fd, void *bytes, size_t length, off_t at, int flags) {
    enum kind kind = kind_of(fd);
    int receives = kind == OTHER && is_socket(fd);
    if (kind == MARKS || (kind == OTHER && !receives)) return get(fd, bytes, length, at, flags);
    if (receives) {
        /* Waits without the lock, and without taking anything: the call is counted when there is something to take. */
        char one;
        if (syscall(SYS_recvfrom, fd, &one, (size_t)1, (flags > 0 ? flags : 0) | MSG_PEEK, NULL, NULL) < 0) return -1;
    }
    enum mode fate = start(receives);
    ssize_t n = -1;
    if (failure(fate) && failure(fate) != ENOSPC) errno = failure(fate);
    else n = get(fd, bytes, length, at, flags);
    int error = errno;
    if (receives) note(NULL, 0, "E %zd\n", n);
    else note(NULL, 0, "P %d\n", opened[fd].id);
    end(fate);
    errno = error;
    return n;
}

ssize_t read(int fd, void *bytes, size_t length) { return read_from(fd, bytes, length, -1, -1); }
ssize_t pread(int fd, void *bytes, size_t length, off_t at) { return read_from(fd, bytes, length, at, -1); }
ssize_t pread64(int fd, void *bytes, size_t length, off64_t at) { return read_from(fd, bytes, length, at, -1); }
ssize_t recv(int fd, void *bytes, size_t length, int flags) { return read_from(fd, bytes, length, -1, flags); }

int connect(int fd, const struct sockaddr *to, socklen_t size) {
    if (!is_socket(fd)) return (int)syscall(SYS_connect, fd, to, size);
    enum mode fate = start(1);
    int result = -1;
    if (failure(fate)) errno = failure(fate);
    else result = (int)syscall(SYS_connect, fd, to, size);
    int error = errno;
    note(NULL, 0, "C\n");
    end(fate);
    errno = error;
    return result;
}

/* ---- what makes writes last, and what changes a file or its name at once */

static int sync_of(int fd, long number) {
    if (kind_of(fd) != OURS) return (int)syscall(number, fd);
    enum mode fate = start(0);
    int result = -1;
    if (failure(fate)) errno = EIO; /* a full disk shows at the sync as one that failed */
    else result = (int)syscall(number, fd);
    int error = errno;
    note(NULL, 0, "%c %d\n", result == 0 ? 'S' : 'X', opened[fd].id);
    end(fate);
    errno = error;
    return result;
}
int fsync(int fd) { return sync_of(fd, SYS_fsync); }
int fdatasync(int fd) { return sync_of(fd, SYS_fdatasync); }

int ftruncate(int fd, off_t size) {
    if (kind_of(fd) != OURS) return (int)syscall(SYS_ftruncate, fd, size);
    enum mode fate = start(0);
    int result = -1;
    if (failure(fate)) errno = failure(fate);
    else result = (int)syscall(SYS_ftruncate, fd, size);
    int error = errno;
    note(NULL, 0, "T %d %lld\n", result == 0 ? opened[fd].id : 0, (long long)size);
    end(fate);
    errno = error;
    return result;
}
int ftruncate64(int fd, off64_t size) { return ftruncate(fd, size); }

static int unlink_at(int directory, const char *path, int flags) {
    const char *name = directory == AT_FDCWD || (path && *path == '/') ? below(path) : NULL;
    if (!name || flags) return (int)syscall(SYS_unlinkat, directory, path, flags);
    enum mode fate = start(0);
    int result = -1;
    if (failure(fate)) errno = EIO;
    else result = (int)syscall(SYS_unlinkat, directory, path, flags);
    int error = errno;
    note(NULL, 0, "U %s\n", result == 0 ? name : "-");
    end(fate);
    errno = error;
    return result;
}
int unlink(const char *path) { return unlink_at(AT_FDCWD, path, 0); }
int unlinkat(int directory, const char *path, int flags) { return unlink_at(directory, path, flags); }

static int rename_to(const char *from, const char *to) {
    const char *old = below(from), *new = below(to);
    if (!old && !new) return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    enum mode fate = start(0);
    int result = -1;
    if (failure(fate)) errno = failure(fate);
    else result = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    int error = errno;
    note(NULL, 0, "R %s\t%s\n", result == 0 && old ? old : "-", result == 0 && new ? new : "-");
    end(fate);
    errno = error;
    return result;
}
int rename(const char *from, const char *to) { return rename_to(from, to); }
int renameat(int a, const char *from, int b, const char *to) {
    if (a == AT_FDCWD && b == AT_FDCWD) return rename_to(from, to);
    return (int)syscall(SYS_renameat2, a, from, b, to, 0);
}

static int link_to(const char *from, const char *to) {
    const char *old = below(from), *new = below(to);
    if (!old || !new) return (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
    enum mode fate = start(0);
    int result = -1;
    if (failure(fate)) errno = failure(fate);
    else result = (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
    int error = errno;
    note(NULL, 0, "L %s\t%s\n", result == 0 ? old : "-", result == 0 ? new : "-");
    end(fate);
    errno = error;
    return result;
}
int link(const char *from, const char *to) { return link_to(from, to); }
int linkat(int a, const char *from, int b, const char *to, int flags) {
    if (a == AT_FDCWD && b == AT_FDCWD && !flags) return link_to(from, to);
    return (int)syscall(SYS_linkat, a, from, b, to, flags);
}
