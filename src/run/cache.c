/* The disk cache: one file a blob in one directory that only its owner may write. A file says its own key, length and
 * checksum, so whatever is not exactly what gj_cache_put() wrote (cut, damaged, renamed, a link, a FIFO) is a miss.
 * Files appear by rename, hence readers and writers need no locks, neither between threads nor between processes.
 * Everything goes through the directory's descriptor: what happens to the path later cannot lead us elsewhere. */
#define _GNU_SOURCE
#include "run/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { NAME = 64 + 3, TOUCH_AFTER_S = 600, STALE_TEMP_S = 3600 };          /* "<64 hex digits>.gj" */
static const uint64_t MAX_BLOB = (uint64_t)256 << 20, DEFAULT_LIMIT = (uint64_t)512 << 20;
static const char TEMP_PREFIX[] = ".tmp-";

struct gj_cache {
	int dir;
	dev_t dev; ino_t ino;                      /* of `dir`: its number may be recycled by a program that closes all */
	uint64_t limit;
	_Atomic uint64_t written;                  /* by this process since it last measured the directory */
	_Atomic uint32_t temps;
	atomic_flag trimming;
	char path[];
};

/* What a file starts with; the blob follows. Never read on another machine type: the key covers the target. */
typedef struct header {
	char     magic[8];
	uint8_t  key[32];
	uint64_t size, sum;
} header;
static const char MAGIC[8] = "gjcach1";

/* -- Checksum: finds damage, not malice (the directory is ours alone) -------------------------------------------- */

static uint64_t mix(uint64_t h, uint64_t w)
{
	h = (h ^ w) * UINT64_C(0x9E3779B97F4A7C15);
	return h ^ (h >> 29);
}

/* Four independent lanes of eight bytes, so that it runs at memory speed. */
static uint64_t checksum(const uint8_t key[32], const uint8_t *p, size_t n)
{
	uint64_t lane[4], word, sum = mix(0x6A09E667F3BCC908, n);
	memcpy(lane, key, sizeof lane);
	for (; n >= 32; p += 32, n -= 32)
		for (int i = 0; i < 4; i++) {
			memcpy(&word, p + 8 * i, 8);
			lane[i] = mix(lane[i], word);
		}
	for (; n; p += word, n -= word) {
		uint64_t tail = 0;
		word = n < 8 ? n : 8;
		memcpy(&tail, p, word);
		sum = mix(sum, tail);
	}
	for (int i = 0; i < 4; i++)
		sum = mix(sum, lane[i]);
	return sum;
}

/* -- Opening ----------------------------------------------------------------------------------------------------- */

/* mkdir -p, 0700; what exists is left as it is. */
static bool make_path(const char *path)
{
	char buf[PATH_MAX];
	size_t n = strlen(path);
	if (n == 0 || n >= sizeof buf)
		return false;
	memcpy(buf, path, n + 1);
	for (char *s = buf + 1; *s; s++)
		if (*s == '/') {
			*s = 0;
			if (mkdir(buf, 0700) < 0 && errno != EEXIST)
				return false;
			*s = '/';
		}
	return mkdir(buf, 0700) == 0 || errno == EEXIST;
}

static bool home_path(char *out, size_t size)
{
	const char *home = getenv("HOME");
	char buf[4096];
	struct passwd pw, *found = NULL;
	if (!home || home[0] != '/') {
		if (getpwuid_r(geteuid(), &pw, buf, sizeof buf, &found) != 0 || !found)
			return false;
		home = found->pw_dir;
	}
	return home[0] == '/' && snprintf(out, size, "%s/.cache/gridjit", home) < (int)size;
}

static bool choose_path(const char *dir, char *out, size_t size)
{
	const char *env = getenv("GRIDJIT_CACHE_DIR"), *xdg = getenv("XDG_CACHE_HOME");
	if (!dir && env && env[0])
		dir = env;
	if (dir)
		return snprintf(out, size, "%s", dir) < (int)size;
	if (xdg && xdg[0] == '/')
		return snprintf(out, size, "%s/gridjit", xdg) < (int)size;
	return home_path(out, size);
}

static uint64_t size_limit(void)
{
	const char *text = getenv("GRIDJIT_CACHE_SIZE");
	char *end;
	if (!text || text[0] < '0' || text[0] > '9')
		return DEFAULT_LIMIT;
	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	return errno || *end ? DEFAULT_LIMIT : n;
}

/* NULL: the directory may be used. */
static const char *refusal(const struct stat *st)
{
	if (st->st_uid != geteuid())
		return "the cache directory belongs to another user";
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return "the cache directory can be written by other users (chmod go-w makes it usable)";
	return NULL;
}

static gj_cache *open_path(const char *path, const char **why)
{
	struct stat st;
	gj_cache *c = NULL;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*why = "the cache directory cannot be opened";
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && (*why = refusal(&st)) == NULL) {
		*why = "out of memory";
		c = calloc(1, sizeof *c + strlen(path) + 1);
	}
	if (!c) {
		close(fd);
		return NULL;
	}
	c->dir = fd, c->dev = st.st_dev, c->ino = st.st_ino, c->limit = size_limit();
	atomic_flag_clear(&c->trimming);
	memcpy(c->path, path, strlen(path) + 1);
	*why = "";
	return c;
}

gj_cache *gj_cache_open(const char *dir, const char **why)
{
	const char *off = getenv("GRIDJIT_CACHE"), *unused;
	char path[PATH_MAX];
	if (!why)
		why = &unused;
	*why = "GRIDJIT_CACHE=0";
	if (off && strcmp(off, "0") == 0)
		return NULL;
	*why = "no place for the cache: neither GRIDJIT_CACHE_DIR nor XDG_CACHE_HOME nor HOME is usable";
	if (!choose_path(dir, path, sizeof path))
		return NULL;
	*why = "the cache directory cannot be made";
	return make_path(path) ? open_path(path, why) : NULL;
}

void gj_cache_close(gj_cache *c)
{
	if (!c)
		return;
	close(c->dir);
	free(c);
}

const char *gj_cache_path(const gj_cache *c)
{
	return c->path;
}

/* Whether the descriptor is still the directory that was opened. */
static bool usable(const gj_cache *c)
{
	struct stat st;
	return c && fstat(c->dir, &st) == 0 && st.st_dev == c->dev && st.st_ino == c->ino;
}

static void file_name(const gj_hash *key, char name[NAME + 1])
{
	gj_hash_hex(key, name);
	memcpy(name + 64, ".gj", 4);
}

/* -- Reading ----------------------------------------------------------------------------------------------------- */

static bool read_all(int fd, void *to, size_t n)
{
	for (char *p = to; n; ) {
		ssize_t got = read(fd, p, n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		p += got, n -= (size_t)got;
	}
	return true;
}

/* The blob of an open file, NULL if it is not what was put under this key. */
static void *read_blob(int fd, const struct stat *st, const gj_hash *key, size_t *n)
{
	header h;
	if (!S_ISREG(st->st_mode) || st->st_uid != geteuid() || (uint64_t)st->st_size < sizeof h)
		return NULL;
	if (!read_all(fd, &h, sizeof h) || memcmp(h.magic, MAGIC, sizeof MAGIC) || memcmp(h.key, key->b, 32))
		return NULL;
	if (h.size > MAX_BLOB || h.size != (uint64_t)st->st_size - sizeof h)
		return NULL;
	void *blob = malloc(h.size ? h.size : 1);
	if (blob && (!read_all(fd, blob, h.size) || checksum(h.key, blob, h.size) != h.sum)) {
		free(blob);
		blob = NULL;
	}
	*n = h.size;
	return blob;
}

bool gj_cache_get(gj_cache *c, const gj_hash *key, void **blob, size_t *n)
{
	char name[NAME + 1];
	struct stat st;
	*blob = NULL, *n = 0;
	if (!usable(c))
		return false;
	file_name(key, name);
	/* O_NONBLOCK: a FIFO of that name must not hang us; it has no effect on the regular files that we accept. */
	int fd = openat(c->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0)
		*blob = read_blob(fd, &st, key, n);
	if (*blob && st.st_mtime < time(NULL) - TOUCH_AFTER_S)
		(void)futimens(fd, NULL);
	close(fd);
	if (!*blob)
		*n = 0;
	return *blob != NULL;
}

/* -- Trimming ---------------------------------------------------------------------------------------------------- */

typedef struct entry { struct timespec used; uint64_t size; char name[NAME + 1]; } entry;
typedef struct listing { entry *p; size_t n, cap; uint64_t bytes; } listing;

static bool is_ours(const char *name)
{
	return strlen(name) == NAME && strspn(name, "0123456789abcdef") == 64 && strcmp(name + 64, ".gj") == 0;
}

static bool listing_add(listing *l, const char *name, const struct stat *st)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 256;
		entry *p = realloc(l->p, cap * sizeof *p);
		if (!p)
			return false;
		l->p = p, l->cap = cap;
	}
	entry *e = &l->p[l->n++];
	e->used = st->st_mtim, e->size = (uint64_t)st->st_size;
	memcpy(e->name, name, sizeof e->name);
	l->bytes += e->size;
	return true;
}

/* All blobs in the directory; on the way, removes temporary files that a killed process left behind. */
static void list_files(gj_cache *c, DIR *d, listing *l)
{
	struct stat st;
	for (struct dirent *e; (e = readdir(d)) != NULL; ) {
		bool temp = strncmp(e->d_name, TEMP_PREFIX, sizeof TEMP_PREFIX - 1) == 0;
		if (!temp && !is_ours(e->d_name))
			continue;
		if (fstatat(c->dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
			continue;
		if (temp) {
			if (st.st_mtime < time(NULL) - STALE_TEMP_S)
				(void)unlinkat(c->dir, e->d_name, 0);
		} else if (!listing_add(l, e->d_name, &st))
			return;
	}
}

static int by_use(const void *x, const void *y)
{
	const entry *a = x, *b = y;
	if (a->used.tv_sec != b->used.tv_sec)
		return a->used.tv_sec < b->used.tv_sec ? -1 : 1;
	if (a->used.tv_nsec != b->used.tv_nsec)
		return a->used.tv_nsec < b->used.tv_nsec ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* Down to seven eighths of the limit, so that the next one is not due at once. Two processes that trim at a time pick
 * the same victims, so together they remove no more than one would. */
static void trim(gj_cache *c)
{
	listing l = { 0 };
	int fd = openat(c->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		if (fd >= 0)
			close(fd);
		return;
	}
	list_files(c, d, &l);
	closedir(d);
	if (l.bytes > c->limit) {
		qsort(l.p, l.n, sizeof *l.p, by_use);
		for (size_t i = 0; i < l.n && l.bytes > c->limit - c->limit / 8; i++) {
			(void)unlinkat(c->dir, l.p[i].name, 0);
			l.bytes -= l.p[i].size;
		}
	}
	free(l.p);
}

/* Measuring the directory costs a stat a file, so it happens once an eighth of the limit was written by this process,
 * and for one key in 32, which is what keeps many short processes within bounds. */
static void after_put(gj_cache *c, const gj_hash *key, uint64_t bytes)
{
	uint64_t written = atomic_fetch_add(&c->written, bytes) + bytes;
	if (written <= c->limit / 8 && key->b[31] % 32 != 0)
		return;
	if (atomic_flag_test_and_set(&c->trimming))
		return;
	atomic_store(&c->written, 0);
	trim(c);
	atomic_flag_clear(&c->trimming);
}

/* -- Writing ----------------------------------------------------------------------------------------------------- */

static bool write_all(int fd, const void *from, size_t n)
{
	for (const char *p = from; n; ) {
		ssize_t put = write(fd, p, n);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		p += put, n -= (size_t)put;
	}
	return true;
}

/* A new file that nobody else has: process, count and time differ, and O_EXCL makes sure. */
static int open_temp(gj_cache *c, char *name, size_t size)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(name, size, "%s%ld-%u-%lx%lx", TEMP_PREFIX, (long)getpid(), (unsigned)atomic_fetch_add(&c->temps, 1),
	         (unsigned long)now.tv_sec, (unsigned long)now.tv_nsec);
	return openat(c->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

void gj_cache_put(gj_cache *c, const gj_hash *key, const void *blob, size_t n)
{
	header h = { .size = n };
	char name[NAME + 1], temp[96];
	if (n > MAX_BLOB || !usable(c) || n + sizeof h > c->limit)
		return;
	memcpy(h.magic, MAGIC, sizeof MAGIC);
	memcpy(h.key, key->b, 32);
	h.sum = checksum(h.key, blob, n);
	file_name(key, name);
	int fd = open_temp(c, temp, sizeof temp);
	if (fd < 0)
		return;
	bool ok = write_all(fd, &h, sizeof h) && write_all(fd, blob, n);
	ok &= close(fd) == 0;
	if (ok && renameat(c->dir, temp, c->dir, name) == 0)
		after_put(c, key, n + sizeof h);
	else
		(void)unlinkat(c->dir, temp, 0);
}
