/* What the machine is and has: processors, memory (within the limits of a container), name. */
#define _GNU_SOURCE
#include "run/cpu/cpu.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* First line of a file, without its newline; false: cannot be read. */
static bool read_line(const char *path, char *buf, size_t n)
{
	FILE *f = fopen(path, "re");
	bool ok = f && fgets(buf, (int)n, f);
	if (f)
		fclose(f);
	if (ok)
		buf[strcspn(buf, "\n")] = 0;
	return ok;
}

/* Text behind the first line of `path` that begins with `key`, without leading blanks and ':'. */
static bool read_field(const char *path, const char *key, char *out, size_t n)
{
	FILE *f = fopen(path, "re");
	char line[512];
	bool found = false;
	while (f && !found && fgets(line, sizeof line, f)) {
		found = !strncmp(line, key, strlen(key));
		if (found) {
			const char *p = line + strlen(key);
			snprintf(out, n, "%s", p + strspn(p, " \t:"));
			out[strcspn(out, "\n")] = 0;
		}
	}
	if (f)
		fclose(f);
	return found;
}

/* First line of control file `name` of the process's cgroup (version 2: its own group, else what is seen as root). */
static bool read_cgroup(const char *name, char *buf, size_t n)
{
	char group[PATH_MAX], path[PATH_MAX + 128];
	if (read_field("/proc/self/cgroup", "0:", group, sizeof group)) {
		snprintf(path, sizeof path, "/sys/fs/cgroup%s/%s", strcmp(group, "/") ? group : "", name);
		if (read_line(path, buf, n))
			return true;
	}
	snprintf(path, sizeof path, "/sys/fs/cgroup/%s", name);
	return read_line(path, buf, n);
}

/* -- Processors ---------------------------------------------------------------------------------------------------- */

static unsigned affinity(void)
{
	for (int cpus = 1024; cpus <= 1 << 20; cpus *= 4) {
		cpu_set_t *set = CPU_ALLOC((size_t)cpus);
		size_t n = CPU_ALLOC_SIZE((size_t)cpus);
		int error = set ? sched_getaffinity(0, n, set) : -1, count = error ? 0 : CPU_COUNT_S(n, set);
		if (set)
			CPU_FREE(set);
		if (count > 0)
			return (unsigned)count;
	}
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	return online > 0 ? (unsigned)online : 1;
}

/* A container's share of processor time counts too: more threads than it grants would only be throttled. */
unsigned gj_host_cpus(void)
{
	unsigned n = affinity();
	char line[128];
	long long quota, period;
	if (read_cgroup("cpu.max", line, sizeof line) && sscanf(line, "%lld %lld", &quota, &period) == 2 && quota > 0 &&
	    period > 0 && (quota + period - 1) / period < n)
		n = (unsigned)((quota + period - 1) / period);
	return n;
}

/* -- Memory -------------------------------------------------------------------------------------------------------- */

static bool read_bytes(const char *name, unsigned long long *out)
{
	char line[64];
	return read_cgroup(name, line, sizeof line) && sscanf(line, "%llu", out) == 1;
}

void gj_host_memory(size_t *free, size_t *total)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char field[64];
	unsigned long long kib, limit, used;
	*total = (size_t)sysconf(_SC_PHYS_PAGES) * page;
	*free = (size_t)sysconf(_SC_AVPHYS_PAGES) * page;
	if (read_field("/proc/meminfo", "MemAvailable", field, sizeof field) && sscanf(field, "%llu", &kib) == 1)
		*free = (size_t)kib * 1024;
	if (!read_bytes("memory.max", &limit) || limit >= *total)
		return;
	*total = (size_t)limit;
	size_t left = read_bytes("memory.current", &used) && used < limit ? (size_t)(limit - used) : 0;
	*free = *free < left ? *free : left;
}

void *gj_cpu_renew(void *p, size_t *cap, size_t need)
{
	free(p);
	*cap = need / 64 * 64 + 64;
	p = aligned_alloc(64, *cap);
	if (!p)
		*cap = 0;
	return p;
}

/* -- Identity ------------------------------------------------------------------------------------------------------ */

void gj_host_describe(gj_device_info *info)
{
	char model[112] = "", id[64] = "", mhz[32] = "";
	struct utsname u;
	if (!read_field("/proc/cpuinfo", "model name", model, sizeof model))
		snprintf(model, sizeof model, "%.64s", uname(&u) ? "processor" : u.machine);
	snprintf(info->name, sizeof info->name, "%s (CPU)", model);
	if (read_field("/proc/cpuinfo", "cpu MHz", mhz, sizeof mhz))
		info->clock_khz = (int)(atof(mhz) * 1000);
	read_line("/etc/machine-id", id, sizeof id);
	gj_hasher h;
	gj_hash_init(&h);
	gj_hash_str(&h, "gridjit cpu device");
	gj_hash_str(&h, model);
	gj_hash_str(&h, id);
	gj_hash digest = gj_hash_done(&h);
	memcpy(info->uuid, digest.b, sizeof info->uuid);
}
