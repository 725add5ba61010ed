/* Memory that processes share, as CUDA's IPC has it on a GPU: a file without a name, which the other process finds among
 * this one's open files. As there, the memory is gone for who opens it once the owner has freed it or has ended. */
#define _GNU_SOURCE
#include "run/cpu/shared.h"

#include "run/cpu/spans.h"
#include "run/status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a handle holds. The inode tells a file that took the number of a closed one. */
typedef struct handle { char magic[8]; int64_t pid, fd; uint64_t inode, bytes; } handle;
static const char magic[8] = "gj-cpu-1";
_Static_assert(sizeof(handle) <= sizeof ((gj_share *)0)->handle, "a handle has 64 bytes");

static gj_status failed(const char *what)
{
	return gj_error_set(GJ_E_INVALID, 0, "%s: %s", what, strerror(errno));
}

/* Maps the file, which is the block's from then on. */
static gj_status map(int fd, size_t bytes, gj_memory kind, gj_devptr *out)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return failed("mapping shared memory");
	if (!gj_spans_add((gj_span){ (uintptr_t)p, bytes, kind, fd })) {
		munmap(p, bytes);
		return gj_error_set(GJ_E_NOMEM, 0, "out of memory");
	}
	*out = (gj_devptr)p;
	return GJ_OK;
}

gj_status gj_shared_alloc(size_t bytes, gj_devptr *out)
{
	*out = 0;
	bytes = bytes ? bytes : 1;
	if (!gj_spans_reserve(bytes))
		return gj_spans_full(bytes);
	int fd = memfd_create("gridjit", MFD_CLOEXEC);
	gj_status s = fd < 0 || ftruncate(fd, (off_t)bytes) < 0 ? failed("making shared memory")
		: map(fd, bytes, GJ_MEM_SHARED, out);
	if (s != GJ_OK) {
		gj_spans_unreserve(bytes);
		if (fd >= 0)
			close(fd);
	}
	return s;
}

gj_status gj_shared_free(gj_devptr at, gj_memory kind)
{
	gj_span b;
	gj_status s = gj_spans_remove(at, kind, &b);
	if (s != GJ_OK)
		return s;
	if (kind == GJ_MEM_SHARED)
		gj_spans_unreserve(b.bytes);
	munmap((void *)b.start, b.bytes);
	close(b.fd);
	return GJ_OK;
}

gj_status gj_cpu_share(gj_device *d, gj_devptr at, gj_share *out)
{
	gj_span b;
	struct stat st;
	(void)d;
	memset(out, 0, sizeof *out);
	if (!gj_spans_find(at, &b) || b.kind != GJ_MEM_SHARED)
		return gj_error_set(GJ_E_INVALID, 0, "%#zx is no memory that can be shared", (size_t)at);
	if (fstat(b.fd, &st) < 0)
		return failed("sharing memory");
	handle h = { .pid = getpid(), .fd = b.fd, .inode = st.st_ino, .bytes = b.bytes };
	memcpy(h.magic, magic, sizeof magic);
	memcpy(out->handle, &h, sizeof h);
	out->offset = at - b.start;
	return GJ_OK;
}

gj_status gj_cpu_open_shared(gj_device *d, const gj_share *share, gj_devptr *out)
{
	handle h;
	char path[64];
	struct stat st;
	(void)d;
	*out = 0;
	memcpy(&h, share->handle, sizeof h);
	if (memcmp(h.magic, magic, sizeof magic))
		return gj_error_set(GJ_E_INVALID, 0, "this is no handle of memory of the CPU device");
	snprintf(path, sizeof path, "/proc/%lld/fd/%lld", (long long)h.pid, (long long)h.fd);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_ino != h.inode || (uint64_t)st.st_size != h.bytes) {
		if (fd >= 0)
			close(fd);
		return gj_error_set(GJ_E_INVALID, 0, "process %lld shares this memory no more, or may not be asked", (long long)h.pid);
	}
	gj_status s = map(fd, h.bytes, GJ_MEM_OPENED, out);
	if (s != GJ_OK)
		close(fd);
	return s;
}
