/* The object loader: good objects, unknown names, page protection, and damage (truncated, bytes flipped): the loader
 * says no or loads, it never crashes. Nothing damaged is run. argv[1..]: objects made from cpu_kernels.c. */
#define _GNU_SOURCE
#include "run/cpu/cpu.h"
#include "run/status.h"
#include "image/cpu_abi.h"

#include "check.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

static uint8_t *object;
static size_t size;

/* Protection of the page at p, "r-xp", from /proc/self/maps. */
static const char *protection(const void *p)
{
	static char prot[8];
	char line[512];
	unsigned long from, to;
	FILE *f = fopen("/proc/self/maps", "r");
	bool found = false;
	while (!found && fgets(line, sizeof line, f))
		found = sscanf(line, "%lx-%lx %7s", &from, &to, prot) == 3 && from <= (uintptr_t)p && (uintptr_t)p < to;
	fclose(f);
	return found ? prot : "none";
}

static void test_good(void)
{
	gj_elf m;
	CHECK(gj_elf_load(object, size, "saxpy", gj_cpu_symbol, NULL, &m) == GJ_OK, "%s", gj_error_text());
	CHECK(!strcmp(protection(m.entry), "r-xp"), "code is %s", protection(m.entry));
	void (*entry)(gj_block *, const char *, uint32_t, uint32_t);
	memcpy(&entry, &m.entry, sizeof entry);
	float x[40], y[40], out[40] = { 0 };
	for (int i = 0; i < 40; i++)
		x[i] = (float)i, y[i] = 1;
	struct { int64_t n; float a; float *x, *y, *out; } p = { 40, 2, x, y, out };
	gj_block b = { .block_dim = { 64, 1, 1 }, .grid_dim = { 1, 1, 1 }, .nthreads = 64 };
	entry(&b, (const char *)&p, 0, 2);
	CHECK(out[0] == 1 && out[39] == 79, "%g %g", out[0], out[39]);
	bool writable = false;
	for (size_t at = 0; at < m.len; at += 4096) {
		const char *prot = protection((char *)m.map + at);
		CHECK(prot[0] == 'r' && !(prot[1] == 'w' && prot[2] == 'x'), "page %zu is %s", at, prot);
		writable |= prot[1] == 'w';
	}
	CHECK(writable, ".data must stay writable");
	gj_elf_unload(&m);
	gj_elf_unload(&m);
	CHECK(!m.map, "unloaded");
}

static uintptr_t only_memory(const char *name, void *unused)
{
	(void)unused;
	return strncmp(name, "mem", 3) ? 0 : 4096;
}

static void expect(gj_status wanted, const char *text, const void *obj, size_t n, const char *entry, gj_resolve *resolve)
{
	gj_elf m;
	gj_status status = gj_elf_load(obj, n, entry, resolve, NULL, &m);
	CHECK(status == wanted && strstr(gj_error_text(), text) && !m.map, "%d %s (wanted %s)", status, gj_error_text(), text);
}

static void test_bad(void)
{
	expect(GJ_E_LOAD, "calls an unknown function: ", object, size, "saxpy", only_memory);
	expect(GJ_E_LOAD, "does not define the kernel no_such", object, size, "no_such", gj_cpu_symbol);
	expect(GJ_E_LOAD, "does not define", object, size, "gj_rt_barrier", gj_cpu_symbol);
	expect(GJ_E_LOAD, "damaged object file: no ELF header", "", 0, "saxpy", gj_cpu_symbol);
	expect(GJ_E_LOAD, "damaged object file", "this is not an object", 21, "saxpy", gj_cpu_symbol);
	uint8_t *copy = malloc(size);
	memcpy(copy, object, size);
	((Elf64_Ehdr *)(void *)copy)->e_machine = EM_AARCH64;
	expect(GJ_E_UNSUPPORTED, "another processor (ELF machine 183", copy, size, "saxpy", gj_cpu_symbol);
	memcpy(copy, object, size);
	((Elf64_Ehdr *)(void *)copy)->e_type = ET_EXEC;
	expect(GJ_E_LOAD, "not a 64-bit little-endian relocatable", copy, size, "saxpy", gj_cpu_symbol);
	free(copy);
}

/* Each single field of the tables gets extreme values in turn. */
static void test_extremes(void)
{
	static const uint64_t value[] = { 0, 1, 7, 0x7fffffff, 0x80000000, UINT32_MAX, INT64_MAX, UINT64_MAX, UINT64_MAX - 8 };
	Elf64_Ehdr h;
	memcpy(&h, object, sizeof h);
	uint8_t *copy = malloc(size);
	long loaded = 0, refused = 0;
	for (size_t at = h.e_shoff; at + 8 <= size; at += 4)
		for (size_t v = 0; v < GJ_LEN(value); v++) {
			gj_elf m;
			memcpy(copy, object, size);
			memcpy(copy + at, &value[v], at % 8 ? 4 : 8);
			*(gj_elf_load(copy, size, "saxpy", gj_cpu_symbol, NULL, &m) ? &refused : &loaded) += 1;
			gj_elf_unload(&m);
		}
	CHECK(loaded > 100 && refused > 100, "%ld loaded, %ld refused", loaded, refused);
	free(copy);
}

static void test_damage(void)
{
	uint32_t random = 12345;
	long loaded = 0, refused = 0;
	for (size_t n = 0; n < size; n += n < 200 ? 1 : 61) {
		uint8_t *part = malloc(n + 1);         /* exactly sized, so that ASan sees each read past the end */
		part = realloc(part, n ? n : 1);
		memcpy(part, object, n);
		expect(GJ_E_LOAD, "damaged", part, n, "saxpy", gj_cpu_symbol);
		free(part);
	}
	uint8_t *copy = malloc(size);
	for (int i = 0; i < 20000; i++) {
		memcpy(copy, object, size);
		for (uint32_t k = 0; k < 1u << i % 6; k++) {
			random = random * 1664525 + 1013904223;
			size_t at = (i % 2 ? size - 1 - random / 65536 * 7919 % 7000 % size : (size_t)random * 7919 % size);
			copy[at] = (uint8_t)(random >> 13);
		}
		gj_elf m;
		gj_status status = gj_elf_load(copy, size, "saxpy", gj_cpu_symbol, NULL, &m);
		CHECK(status == GJ_OK || status == GJ_E_LOAD || status == GJ_E_UNSUPPORTED, "status %d", status);
		*(status ? &refused : &loaded) += 1;
		gj_elf_unload(&m);
	}
	CHECK(loaded > 1000 && refused > 1000, "%ld loaded, %ld refused", loaded, refused);
	free(copy);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		object = read_file(argv[i], &size);
		test_good();
		test_bad();
		test_extremes();
		test_damage();
		free(object);
	}
	return done();
}
