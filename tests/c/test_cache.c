/* The disk cache: round trips, refusal of bad directories, every kind of damaged or hostile file, trimming by last
 * use, and several processes and threads hammering the same keys. Works in a directory of its own under $TMPDIR. */
#define _GNU_SOURCE
#include "run/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define OK(COND) CHECK(COND, "-")

static char root[256];

static char *path_of(const char *name)
{
	static char buf[4][512];
	static int turn;
	char *p = buf[turn++ % 4];
	snprintf(p, sizeof buf[0], "%s/%s", root, name);
	return p;
}

static gj_hash key_of(uint32_t i)
{
	gj_hasher h;
	gj_hash_init(&h);
	gj_hash_u64(&h, i);
	return gj_hash_done(&h);
}

static char *file_of(const char *dir, const gj_hash *key)
{
	static char buf[600];
	char hex[65];
	gj_hash_hex(key, hex);
	snprintf(buf, sizeof buf, "%s/%s.gj", dir, hex);
	return buf;
}

/* Bytes that follow from the key, of a length that follows from it too. */
static size_t fill(uint8_t *p, uint32_t i)
{
	size_t n = i % 7 == 0 ? 0 : (size_t)i * 977 % 20000;
	for (size_t k = 0; k < n; k++)
		p[k] = (uint8_t)(k * 31 + i);
	return n;
}

static bool same(gj_cache *c, uint32_t i, bool *found)
{
	uint8_t want[20000];
	size_t n = fill(want, i), got;
	void *blob;
	gj_hash key = key_of(i);
	*found = gj_cache_get(c, &key, &blob, &got);
	bool ok = *found ? got == n && memcmp(blob, want, n) == 0 : blob == NULL && got == 0;
	free(blob);
	return ok;
}

static void put(gj_cache *c, uint32_t i)
{
	uint8_t buf[20000];
	gj_hash key = key_of(i);
	gj_cache_put(c, &key, buf, fill(buf, i));
}

static int count_files(const char *dir, const char *part)
{
	DIR *d = opendir(dir);
	int n = 0;
	for (struct dirent *e; d && (e = readdir(d)); )
		n += strstr(e->d_name, part) != NULL;
	if (d)
		closedir(d);
	return n;
}

static void test_round_trip(void)
{
	const char *why;
	struct stat st;
	bool found;
	char *dir = path_of("a/b/cache");
	gj_cache *c = gj_cache_open(dir, &why);
	OK(c && why[0] == 0);
	OK(strcmp(gj_cache_path(c), dir) == 0);
	OK(stat(dir, &st) == 0 && (st.st_mode & 0777) == 0700);
	for (uint32_t i = 0; i < 60; i++)
		OK(same(c, i, &found) && !found);
	for (uint32_t i = 0; i < 60; i++)
		put(c, i);
	for (uint32_t i = 0; i < 60; i++)
		OK(same(c, i, &found) && found);
	put(c, 5);                                 /* again: replaces itself */
	OK(same(c, 5, &found) && found);
	OK(count_files(dir, ".gj") == 60 && count_files(dir, ".tmp") == 0);
	gj_cache_close(c);
	c = gj_cache_open(dir, NULL);              /* `why` is optional; another process would see the same */
	OK(c && same(c, 59, &found) && found);
	gj_cache_close(c);
	gj_cache_close(NULL);
}

/* -- Which directory, and which not ------------------------------------------------------------------------------ */

static void test_places(void)
{
	const char *why;
	gj_cache *c;
	setenv("GRIDJIT_CACHE_DIR", path_of("env"), 1);
	OK((c = gj_cache_open(NULL, &why)) && strcmp(gj_cache_path(c), path_of("env")) == 0);
	gj_cache_close(c);
	OK((c = gj_cache_open(path_of("given"), &why)) && strcmp(gj_cache_path(c), path_of("given")) == 0);
	gj_cache_close(c);
	unsetenv("GRIDJIT_CACHE_DIR");
	setenv("XDG_CACHE_HOME", path_of("xdg"), 1);
	OK((c = gj_cache_open(NULL, &why)) && strcmp(gj_cache_path(c), path_of("xdg/gridjit")) == 0);
	gj_cache_close(c);
	setenv("XDG_CACHE_HOME", "relative/is/ignored", 1);
	setenv("HOME", path_of("home"), 1);
	OK((c = gj_cache_open(NULL, &why)) && strcmp(gj_cache_path(c), path_of("home/.cache/gridjit")) == 0);
	gj_cache_close(c);
	setenv("GRIDJIT_CACHE", "0", 1);
	OK(!gj_cache_open(path_of("given"), &why) && strstr(why, "GRIDJIT_CACHE=0"));
	setenv("GRIDJIT_CACHE", "1", 1);
	OK((c = gj_cache_open(path_of("given"), &why)) != NULL);
	gj_cache_close(c);
	unsetenv("GRIDJIT_CACHE");
}

static void test_refusals(void)
{
	const char *why;
	gj_cache *c;
	char *dir = path_of("modes");
	int modes[] = { 0770, 0707, 0777, 01777, 0720, 0702 };
	OK(mkdir(dir, 0700) == 0);
	for (size_t i = 0; i < GJ_LEN(modes); i++) {
		OK(chmod(dir, (mode_t)modes[i]) == 0);
		OK(!gj_cache_open(dir, &why) && strstr(why, "other users"));
	}
	OK(chmod(dir, 0755) == 0);
	OK((c = gj_cache_open(dir, &why)) != NULL);
	gj_cache_close(c);

	FILE *f = fopen(path_of("plain"), "w");
	OK(f && fclose(f) == 0);
	OK(!gj_cache_open(path_of("plain"), &why) && strstr(why, "opened"));
	OK(!gj_cache_open(path_of("plain/below"), &why) && strstr(why, "made"));
	OK(!gj_cache_open("", &why) && strstr(why, "made"));
	char *long_path = malloc(9000);
	memset(long_path, 'x', 8999);
	long_path[0] = '/', long_path[8999] = 0;
	OK(!gj_cache_open(long_path, &why) && why[0]);
	free(long_path);
	if (geteuid() == 0) {
		OK(mkdir(path_of("foreign"), 0700) == 0 && chown(path_of("foreign"), 65534, 65534) == 0);
		OK(!gj_cache_open(path_of("foreign"), &why) && strstr(why, "another user"));
	}
}

/* Root may write anywhere, so there the test runs as nobody. */
static void test_read_only(void)
{
	bool found;
	char *dir = path_of("readonly");
	gj_cache *c = gj_cache_open(dir, NULL);
	OK(c != NULL);
	put(c, 1);
	gj_cache_close(c);
	gj_hash key = key_of(1);
	if (geteuid() == 0)
		OK(chmod(root, 0755) == 0 && chown(dir, 65534, 65534) == 0 && chown(file_of(dir, &key), 65534, 65534) == 0);
	OK(chmod(dir, 0500) == 0);
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && setuid(65534) != 0)
			_exit(9);
		c = gj_cache_open(dir, NULL);
		bool ok = c && same(c, 1, &found) && found;
		put(c, 2);
		ok = ok && same(c, 2, &found) && !found;
		gj_cache_close(c);
		_exit(ok ? 0 : 1);
	}
	int status = -1;
	OK(waitpid(pid, &status, 0) == pid && status == 0);
	OK(chmod(dir, 0700) == 0 && count_files(dir, ".tmp") == 0);
}

/* -- Bad files --------------------------------------------------------------------------------------------------- */

static size_t slurp(const char *file, uint8_t *buf, size_t size)
{
	FILE *f = fopen(file, "rb");
	size_t n = f ? fread(buf, 1, size, f) : 0;
	if (f)
		fclose(f);
	return n;
}

static void spill(const char *file, const uint8_t *buf, size_t n)
{
	FILE *f = fopen(file, "wb");
	OK(f && fwrite(buf, 1, n, f) == n && fclose(f) == 0);
}

/* Any single byte changed, any prefix, any extra tail: a miss. */
static void test_damage(void)
{
	static uint8_t good[4096], bad[4096];
	bool found;
	char *dir = path_of("damage");
	gj_cache *c = gj_cache_open(dir, NULL);
	gj_hash key = key_of(1);                   /* 977 bytes */
	OK(c != NULL);
	put(c, 1);
	char *file = file_of(dir, &key);
	size_t n = slurp(file, good, sizeof good);
	OK(n > 977 && same(c, 1, &found) && found);
	int hits = 0;
	for (size_t i = 0; i < n; i++) {
		memcpy(bad, good, n);
		bad[i] ^= (uint8_t)(1u << i % 8);
		spill(file, bad, n);
		hits += !same(c, 1, &found) || found;
	}
	OK(hits == 0);
	for (size_t i = 0; i < n; i += i < 80 ? 1 : 37) {
		spill(file, good, i);
		hits += !same(c, 1, &found) || found;
	}
	OK(hits == 0);
	memcpy(bad, good, n);
	bad[n] = 0;
	spill(file, bad, n + 1);
	OK(same(c, 1, &found) && !found);
	spill(file, good, n);
	OK(same(c, 1, &found) && found);
	gj_hash other = key_of(2);                 /* the right contents under another name */
	spill(file_of(dir, &other), good, n);
	OK(same(c, 2, &found) && !found);
	put(c, 2);                                 /* and a put mends it */
	OK(same(c, 2, &found) && found);
	gj_cache_close(c);
}

static void test_hostile(void)
{
	bool found;
	char *dir = path_of("hostile"), moved[600];
	gj_cache *c = gj_cache_open(dir, NULL);
	gj_hash key[6];
	for (uint32_t i = 0; i < 6; i++)
		key[i] = key_of(i + 1);
	OK(c != NULL);
	put(c, 1);
	snprintf(moved, sizeof moved, "%s/elsewhere", dir);
	OK(rename(file_of(dir, &key[0]), moved) == 0 && symlink(moved, file_of(dir, &key[0])) == 0);
	OK(same(c, 1, &found) && !found);       /* a link, even to the right file */
	OK(mkfifo(file_of(dir, &key[1]), 0600) == 0);
	alarm(20);                                 /* would hang, not fail */
	OK(same(c, 2, &found) && !found);
	alarm(0);
	OK(mkdir(file_of(dir, &key[2]), 0700) == 0);
	OK(same(c, 3, &found) && !found);
	put(c, 3);                                 /* cannot replace a directory: fails silently, leaves nothing */
	OK(same(c, 3, &found) && !found && count_files(dir, ".tmp") == 0);
	int fd = open(file_of(dir, &key[3]), O_CREAT | O_WRONLY, 0600);
	OK(fd >= 0 && ftruncate(fd, (off_t)1 << 40) == 0 && close(fd) == 0);
	OK(same(c, 4, &found) && !found);       /* a terabyte of nothing */
	OK(symlink("/dev/zero", file_of(dir, &key[4])) == 0);
	OK(same(c, 5, &found) && !found);
	put(c, 1), put(c, 2), put(c, 4), put(c, 5);
	for (uint32_t i = 1; i <= 5; i++)
		OK(same(c, i, &found) && found == (i != 3));
	gj_cache_close(c);
}

/* A program that closes every descriptor and opens others must not make us write into those. */
static void test_recycled_descriptor(void)
{
	bool found;
	char *dir = path_of("recycled"), *other = path_of("victim");
	OK(mkdir(other, 0700) == 0);
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		int before = dup(0);
		gj_cache *c = gj_cache_open(dir, NULL);
		int after = dup(0);
		for (int fd = before; fd <= after; fd++)
			close(fd);
		for (int fd = before; fd <= after; fd++)
			if (open(other, O_RDONLY | O_DIRECTORY) < 0)
				_exit(8);
		put(c, 1);
		bool ok = same(c, 1, &found) && !found;
		gj_cache_close(c);
		_exit(ok ? 0 : 1);
	}
	int status = -1;
	OK(waitpid(pid, &status, 0) == pid && status == 0);
	OK(count_files(other, ".gj") == 0 && count_files(dir, ".gj") == 0);
}

/* -- Size -------------------------------------------------------------------------------------------------------- */

static void age(const char *dir, uint32_t i, time_t seconds)
{
	gj_hash key = key_of(i);
	struct timespec when[2] = { { time(NULL) - seconds, 0 }, { time(NULL) - seconds, 0 } };
	OK(utimensat(AT_FDCWD, file_of(dir, &key), when, 0) == 0);
}

static void test_trim(void)
{
	uint8_t blob[1000] = { 0 };
	void *got;
	size_t n;
	char *dir = path_of("trim"), stale[600];
	setenv("GRIDJIT_CACHE_SIZE", "40000", 1);
	gj_cache *c = gj_cache_open(dir, NULL);
	OK(c != NULL);
	for (uint32_t i = 0; i < 30; i++) {
		gj_hash key = key_of(i);
		gj_cache_put(c, &key, blob, sizeof blob);
		age(dir, i, 100000 - (time_t)i);
	}
	gj_hash first = key_of(0), second = key_of(1), big = key_of(1000);
	OK(gj_cache_get(c, &first, &got, &n));  /* a use makes the oldest one the newest */
	free(got);
	snprintf(stale, sizeof stale, "%s/.tmp-1-1-1", dir);
	spill(stale, blob, 10);
	struct timespec old[2] = { { time(NULL) - 100000, 0 }, { time(NULL) - 100000, 0 } };
	OK(utimensat(AT_FDCWD, stale, old, 0) == 0);
	snprintf(stale, sizeof stale, "%s/notes.txt", dir);
	spill(stale, blob, 10);
	for (uint32_t i = 30; i < 60; i++) {
		gj_hash key = key_of(i);
		gj_cache_put(c, &key, blob, sizeof blob);
	}
	int left = count_files(dir, ".gj");
	OK(left * 1056 <= 40000 + 40000 / 8 + 1056 && left > 25);
	OK(gj_cache_get(c, &first, &got, &n));
	free(got);
	OK(!gj_cache_get(c, &second, &got, &n));
	OK(count_files(dir, ".tmp") == 0 && count_files(dir, "notes") == 1);
	uint8_t *huge = calloc(1, 50000);          /* larger than the whole cache: not kept, nothing lost */
	gj_cache_put(c, &big, huge, 50000);
	OK(!gj_cache_get(c, &big, &got, &n) && count_files(dir, ".gj") == left);
	free(huge);
	gj_cache_close(c);
	setenv("GRIDJIT_CACHE_SIZE", "many", 1);   /* nonsense: the default */
	c = gj_cache_open(path_of("trim2"), NULL);
	put(c, 1);
	OK(count_files(path_of("trim2"), ".gj") == 1);
	gj_cache_close(c);
	unsetenv("GRIDJIT_CACHE_SIZE");
}

/* -- Many at a time ---------------------------------------------------------------------------------------------- */

static void *hammer(void *arg)
{
	gj_cache *c = arg;
	bool found;
	uint32_t x = (uint32_t)getpid() * 2654435761u ^ (uint32_t)(uintptr_t)&found;
	for (int i = 0; i < 400; i++) {
		x = x * 1664525 + 1013904223;
		if (x >> 30)
			put(c, (x >> 8) % 12);
		if (!same(c, (x >> 16) % 12, &found))
			return arg;                        /* a wrong or half-written blob */
	}
	return NULL;
}

/* The limit is low, so that trimming runs all the time too. */
static void test_hammer(void)
{
	char *dir = path_of("hammer");
	pid_t pid[4];
	setenv("GRIDJIT_CACHE_SIZE", "60000", 1);
	fflush(NULL);
	for (int p = 0; p < 4; p++)
		if ((pid[p] = fork()) == 0) {
			gj_cache *c = gj_cache_open(dir, NULL);
			pthread_t thread[3];
			void *wrong = c ? NULL : dir, *result;
			for (int t = 0; t < 3; t++)
				pthread_create(&thread[t], NULL, hammer, c);
			for (int t = 0; t < 3; t++)
				if (pthread_join(thread[t], &result) != 0 || result)
					wrong = dir;
			gj_cache_close(c);
			_exit(wrong ? 1 : 0);
		}
	for (int p = 0; p < 4; p++) {
		int status = -1;
		OK(waitpid(pid[p], &status, 0) == pid[p] && status == 0);
	}
	OK(count_files(dir, ".tmp") == 0);
	unsetenv("GRIDJIT_CACHE_SIZE");
}

int main(void)
{
	const char *tmp = getenv("TMPDIR");
	char command[300];
	umask(022);
	snprintf(root, sizeof root, "%s/gridjit-cache-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(root))
		return perror("mkdtemp"), 2;
	unsetenv("GRIDJIT_CACHE"), unsetenv("GRIDJIT_CACHE_DIR"), unsetenv("GRIDJIT_CACHE_SIZE");
	test_round_trip();
	test_places();
	test_refusals();
	test_read_only();
	test_damage();
	test_hostile();
	test_recycled_descriptor();
	test_trim();
	test_hammer();
	snprintf(command, sizeof command, "rm -rf '%s'", root);
	OK(system(command) == 0);
	return done();
}
