/* A linker for one object file. All sections that a program needs at run time go into one mapping, in three groups:
 * executable, read-only, writable. Calls to the outside go through a stub and an address slot (GOT) of our own inside
 * that mapping, so 32-bit distances suffice wherever the C library happens to lie. While the object is being patched
 * the mapping is writable; afterwards code is read + execute and constants are read-only. */
#define _GNU_SOURCE
#include "run/cpu/elf.h"
#include "run/cpu/debugger.h"
#include "run/status.h"

#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MAX_MAP = 1 << 28, STUB = 8 };
enum { EXEC, RODATA, DATA, NGROUPS };
static const uint32_t NOWHERE = UINT32_MAX;

typedef struct loader {
	const uint8_t *obj;
	size_t n;
	gj_resolve *resolve; void *arg;
	Elf64_Shdr *sh;   uint32_t nsh;
	uint32_t *at;                              /* offset of each section in the map, or NOWHERE */
	Elf64_Sym *sym;   uint32_t nsym, symtab;
	uintptr_t *outside;                        /* address of each undefined symbol, once resolved */
	const char *names; size_t nnames;
	const char *shnames; size_t nshnames;
	uint32_t start[NGROUPS + 1];               /* page-aligned groups */
	uint32_t stubs, got;                       /* offsets: one stub and one address slot a symbol */
	uint8_t *map;
} loader;

#define TRY(CALL) do { gj_status status_ = (CALL); if (status_ != GJ_OK) return status_; } while (0)
#define DAMAGED(...) gj_error_set(GJ_E_LOAD, 0, "damaged object file: " __VA_ARGS__)

/* -- Relocations --------------------------------------------------------------------------------------------------- */

/* What the place is given: address of the symbol, of its stub (if it is outside), of its address slot, of the GOT. */
typedef enum reloc_base { SYMBOL, CALLED, SLOT, GOT } reloc_base;
typedef enum reloc_range { SIGNED, UNSIGNED } reloc_range;
typedef struct reloc { uint8_t type, bytes, base; bool pc_relative; uint8_t range; const char *name; } reloc;

static const reloc relocs[] = {
	/*  type                 bytes  base    − place  fits as */
	{ R_X86_64_64,            8, SYMBOL, false, SIGNED,   "R_X86_64_64" },
	{ R_X86_64_32,            4, SYMBOL, false, UNSIGNED, "R_X86_64_32" },
	{ R_X86_64_32S,           4, SYMBOL, false, SIGNED,   "R_X86_64_32S" },
	{ R_X86_64_PC64,          8, SYMBOL, true,  SIGNED,   "R_X86_64_PC64" },
	{ R_X86_64_PC32,          4, CALLED, true,  SIGNED,   "R_X86_64_PC32" },
	{ R_X86_64_PLT32,         4, CALLED, true,  SIGNED,   "R_X86_64_PLT32" },
	{ R_X86_64_GOTPCREL,      4, SLOT,   true,  SIGNED,   "R_X86_64_GOTPCREL" },
	{ R_X86_64_GOTPCRELX,     4, SLOT,   true,  SIGNED,   "R_X86_64_GOTPCRELX" },
	{ R_X86_64_REX_GOTPCRELX, 4, SLOT,   true,  SIGNED,   "R_X86_64_REX_GOTPCRELX" },
	{ R_X86_64_GOTPCREL64,    8, SLOT,   true,  SIGNED,   "R_X86_64_GOTPCREL64" },
	{ R_X86_64_GOTPC32,       4, GOT,    true,  SIGNED,   "R_X86_64_GOTPC32" },
	{ R_X86_64_GOTPC64,       8, GOT,    true,  SIGNED,   "R_X86_64_GOTPC64" },
};

static const reloc *find_reloc(uint32_t type)
{
	for (size_t i = 0; i < GJ_LEN(relocs); i++)
		if (relocs[i].type == type)
			return &relocs[i];
	return NULL;
}

/* -- Reading the file ---------------------------------------------------------------------------------------------- */

static bool inside(const loader *l, uint64_t off, uint64_t bytes) { return off <= l->n && bytes <= l->n - off; }

/* NUL-terminated name at `off` of a string table whose last byte is NUL; "" outside of it. */
static const char *name_at(const char *table, size_t n, uint32_t off) { return off < n ? table + off : ""; }

static gj_status string_table(const loader *l, uint32_t section, const char **table, size_t *n)
{
	if (section >= l->nsh || l->sh[section].sh_type != SHT_STRTAB)
		return DAMAGED("no string table in section %u", section);
	const Elf64_Shdr *s = &l->sh[section];
	if (!inside(l, s->sh_offset, s->sh_size) || !s->sh_size || l->obj[s->sh_offset + s->sh_size - 1])
		return DAMAGED("bad string table in section %u", section);
	*table = (const char *)l->obj + s->sh_offset;
	*n = s->sh_size;
	return GJ_OK;
}

static gj_status read_header(const loader *l, Elf64_Ehdr *h)
{
	if (l->n < sizeof *h || memcmp(l->obj, ELFMAG, SELFMAG))
		return DAMAGED("no ELF header");
	memcpy(h, l->obj, sizeof *h);
	if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB || h->e_type != ET_REL)
		return DAMAGED("not a 64-bit little-endian relocatable object");
#if defined(__x86_64__)
	if (h->e_machine != EM_X86_64)
		return gj_error_set(GJ_E_UNSUPPORTED, 0, "object file for another processor (ELF machine %u, this is x86-64)",
		                    h->e_machine);
#else
	return gj_error_set(GJ_E_UNSUPPORTED, 0, "loading compiled CPU kernels is not supported on this processor yet "
	                    "(ELF machine %u; x86-64 only)", h->e_machine);
#endif
	if (!h->e_shnum || h->e_shentsize != sizeof(Elf64_Shdr) ||
	    !inside(l, h->e_shoff, (uint64_t)h->e_shnum * sizeof(Elf64_Shdr)))
		return DAMAGED("bad section table");
	return GJ_OK;
}

static gj_status read_sections(loader *l)
{
	Elf64_Ehdr h;
	TRY(read_header(l, &h));
	l->nsh = h.e_shnum;
	l->sh = malloc(l->nsh * sizeof *l->sh);
	l->at = malloc(l->nsh * sizeof *l->at);
	if (!l->sh || !l->at)
		return gj_error_set(GJ_E_NOMEM, 0, "out of memory while loading a kernel");
	memcpy(l->sh, l->obj + h.e_shoff, l->nsh * sizeof *l->sh);
	for (uint32_t i = 0; i < l->nsh; i++) {
		const Elf64_Shdr *s = &l->sh[i];
		l->at[i] = NOWHERE;
		if (s->sh_type != SHT_NULL && s->sh_type != SHT_NOBITS && !inside(l, s->sh_offset, s->sh_size))
			return DAMAGED("section %u lies outside of the file", i);
		if (s->sh_type == SHT_SYMTAB)
			l->symtab = i;
	}
	return string_table(l, h.e_shstrndx, &l->shnames, &l->nshnames);
}

static gj_status read_symbols(loader *l)
{
	const Elf64_Shdr *s = &l->sh[l->symtab];
	if (!l->symtab || s->sh_entsize != sizeof *l->sym || s->sh_size % sizeof *l->sym || s->sh_size > MAX_MAP)
		return DAMAGED("no symbol table");
	TRY(string_table(l, s->sh_link, &l->names, &l->nnames));
	l->nsym = (uint32_t)(s->sh_size / sizeof *l->sym);
	l->sym = malloc(s->sh_size + 1);
	l->outside = calloc(l->nsym + 1, sizeof *l->outside);
	if (!l->sym || !l->outside)
		return gj_error_set(GJ_E_NOMEM, 0, "out of memory while loading a kernel");
	if (s->sh_size)
		memcpy(l->sym, l->obj + s->sh_offset, s->sh_size);
	return GJ_OK;
}

/* -- Placing ------------------------------------------------------------------------------------------------------- */

/* Needed at run time? Unwind tables are not: no exception ever passes through a kernel. */
static bool wanted(const loader *l, const Elf64_Shdr *s)
{
	return (s->sh_flags & SHF_ALLOC) && s->sh_size && s->sh_type != SHT_NOTE && s->sh_type != SHT_X86_64_UNWIND &&
	       strcmp(name_at(l->shnames, l->nshnames, s->sh_name), ".eh_frame");
}

/* .data.rel.ro is writable only for the linker, that is for us. */
static int group_of(const loader *l, const Elf64_Shdr *s)
{
	if (s->sh_flags & SHF_EXECINSTR)
		return EXEC;
	bool constant = !(s->sh_flags & SHF_WRITE) ||
	                !strncmp(name_at(l->shnames, l->nshnames, s->sh_name), ".data.rel.ro", 12);
	return constant ? RODATA : DATA;
}

static gj_status check_section(const loader *l, const Elf64_Shdr *s)
{
	const char *name = name_at(l->shnames, l->nshnames, s->sh_name);
	if (s->sh_flags & SHF_TLS)
		return gj_error_set(GJ_E_UNSUPPORTED, 0, "object file with thread-local data (%s)", name);
	if (s->sh_type != SHT_PROGBITS && s->sh_type != SHT_NOBITS)
		return gj_error_set(GJ_E_UNSUPPORTED, 0, "object file with a section of type %#x (%s)", s->sh_type, name);
	if ((s->sh_addralign & (s->sh_addralign - 1)) || s->sh_addralign > 4096 || s->sh_size > MAX_MAP)
		return DAMAGED("bad size or alignment of section %s", name);
	return GJ_OK;
}

/* Adds `bytes` at `align` to the running end; the offset given, or NOWHERE when the map would become too large. */
static uint32_t put(uint64_t *end, uint64_t bytes, uint64_t align)
{
	uint64_t off = (*end + (align ? align - 1 : 0)) / (align ? align : 1) * (align ? align : 1);
	if (off + bytes > MAX_MAP)
		return NOWHERE;
	*end = off + bytes;
	return (uint32_t)off;
}

static gj_status place(loader *l)
{
	uint64_t end = 0, page = (uint64_t)sysconf(_SC_PAGESIZE);
	for (int g = 0; g < NGROUPS; g++) {
		l->start[g] = put(&end, 0, page);
		if (g == EXEC)
			l->stubs = put(&end, (uint64_t)l->nsym * STUB, 16);
		if (g == RODATA)
			l->got = put(&end, (uint64_t)l->nsym * 8, 8);
		for (uint32_t i = 0; i < l->nsh; i++) {
			const Elf64_Shdr *s = &l->sh[i];
			if (!wanted(l, s) || group_of(l, s) != g)
				continue;
			TRY(check_section(l, s));
			l->at[i] = put(&end, s->sh_size, s->sh_addralign);
			if (l->at[i] == NOWHERE)
				return DAMAGED("too large");
		}
	}
	l->start[NGROUPS] = put(&end, 0, page);
	for (int g = 0; g <= NGROUPS; g++)
		if (l->start[g] == NOWHERE)
			return DAMAGED("too large");
	return l->stubs == NOWHERE || l->got == NOWHERE ? DAMAGED("too large") : GJ_OK;
}

static gj_status map_sections(loader *l)
{
	l->map = mmap(NULL, l->start[NGROUPS], PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (l->map == MAP_FAILED) {
		l->map = NULL;
		return gj_error_set(GJ_E_NOMEM, 0, "no memory for a kernel's code (%u bytes): %s", l->start[NGROUPS],
		                    strerror(errno));
	}
	for (uint32_t i = 0; i < l->nsh; i++)
		if (l->at[i] != NOWHERE && l->sh[i].sh_type != SHT_NOBITS)
			memcpy(l->map + l->at[i], l->obj + l->sh[i].sh_offset, l->sh[i].sh_size);
	return GJ_OK;
}

/* -- Symbols ------------------------------------------------------------------------------------------------------- */

static gj_status resolve_outside(loader *l, uint32_t i)
{
	const char *name = name_at(l->names, l->nnames, l->sym[i].st_name);
	if (!l->outside[i])
		l->outside[i] = l->resolve(name, l->arg);
	if (!l->outside[i])
		return gj_error_set(GJ_E_LOAD, 0, "the kernel calls an unknown function: %.200s", name);
	return GJ_OK;
}

static gj_status address_of(loader *l, uint32_t i, uint64_t *out)
{
	const Elf64_Sym *s = &l->sym[i];
	*out = 0;
	if (i == 0)
		return GJ_OK;
	if (s->st_shndx == SHN_UNDEF) {
		TRY(resolve_outside(l, i));
		*out = l->outside[i];
	} else if (s->st_shndx == SHN_ABS) {
		*out = s->st_value;
	} else if (s->st_shndx < l->nsh && l->at[s->st_shndx] != NOWHERE && s->st_value <= l->sh[s->st_shndx].sh_size) {
		*out = (uintptr_t)l->map + l->at[s->st_shndx] + s->st_value;
	} else {
		return DAMAGED("bad symbol %u", i);
	}
	return GJ_OK;
}

/* The address slot of symbol i, filled. */
static gj_status slot_of(loader *l, uint32_t i, uint64_t *out)
{
	uint64_t address;
	TRY(address_of(l, i, &address));
	uint8_t *slot = l->map + l->got + (size_t)i * 8;
	memcpy(slot, &address, 8);
	*out = (uintptr_t)slot;
	return GJ_OK;
}

/* Where a call of symbol i goes: into the object itself, or to a stub `jmp *slot(%rip)`. */
static gj_status call_target(loader *l, uint32_t i, uint64_t *out)
{
	if (i == 0 || l->sym[i].st_shndx != SHN_UNDEF)
		return address_of(l, i, out);
	uint64_t slot;
	TRY(slot_of(l, i, &slot));
	uint8_t *stub = l->map + l->stubs + (size_t)i * STUB;
	int32_t distance = (int32_t)(slot - ((uintptr_t)stub + 6));
	memcpy(stub, (const uint8_t[]){ 0xff, 0x25 }, 2);
	memcpy(stub + 2, &distance, 4);
	*out = (uintptr_t)stub;
	return GJ_OK;
}

/* -- Patching ------------------------------------------------------------------------------------------------------ */

static gj_status patch(loader *l, uint32_t section, const Elf64_Rela *r)
{
	uint32_t type = (uint32_t)ELF64_R_TYPE(r->r_info), i = (uint32_t)ELF64_R_SYM(r->r_info);
	if (type == R_X86_64_NONE)
		return GJ_OK;
	const reloc *k = find_reloc(type);
	if (!k)
		return gj_error_set(GJ_E_UNSUPPORTED, 0, "object file with a relocation of type %u", type);
	uint64_t size = l->sh[section].sh_size;
	if (i >= l->nsym || r->r_offset > size || k->bytes > size - r->r_offset)
		return DAMAGED("relocation outside of section %u", section);
	uint64_t value = (uintptr_t)l->map + l->got;
	if (k->base == SYMBOL)
		TRY(address_of(l, i, &value));
	if (k->base == CALLED)
		TRY(call_target(l, i, &value));
	if (k->base == SLOT)
		TRY(slot_of(l, i, &value));
	uint8_t *at = l->map + l->at[section] + r->r_offset;
	value += (uint64_t)r->r_addend - (k->pc_relative ? (uintptr_t)at : 0);
	bool fits = k->bytes == 8 || (k->range == SIGNED ? (int64_t)value == (int32_t)value : value <= UINT32_MAX);
	if (!fits)
		return gj_error_set(GJ_E_LOAD, 0, "%s out of range: the object is not position-independent", k->name);
	memcpy(at, &value, k->bytes);
	return GJ_OK;
}

static gj_status relocate(loader *l)
{
	for (uint32_t i = 0; i < l->nsh; i++) {
		const Elf64_Shdr *s = &l->sh[i];
		if (s->sh_type != SHT_RELA && s->sh_type != SHT_REL)
			continue;
		if (s->sh_info >= l->nsh)
			return DAMAGED("relocations for a section that does not exist");
		if (l->at[s->sh_info] == NOWHERE)
			continue;
		Elf64_Rela r;
		if (s->sh_type == SHT_REL || s->sh_link != l->symtab || s->sh_entsize != sizeof r || s->sh_size % sizeof r)
			return DAMAGED("bad relocation table in section %u", i);
		for (uint64_t k = 0; k < s->sh_size; k += sizeof r) {
			memcpy(&r, l->obj + s->sh_offset + k, sizeof r);
			TRY(patch(l, s->sh_info, &r));
		}
	}
	return GJ_OK;
}

static gj_status protect(const loader *l)
{
	static const int prot[NGROUPS] = { PROT_READ | PROT_EXEC, PROT_READ, PROT_READ | PROT_WRITE };
	for (int g = 0; g < NGROUPS; g++) {
		size_t n = l->start[g + 1] - l->start[g];
		if (n && mprotect(l->map + l->start[g], n, prot[g]))
			return gj_error_set(GJ_E_LOAD, 0, "the system refuses to make a kernel's code executable: %s",
			                    strerror(errno));
	}
	__builtin___clear_cache((char *)l->map, (char *)l->map + l->start[RODATA]);
	return GJ_OK;
}

/* *out stays NULL where there is no function of this name. */
static gj_status find_function(const loader *l, const char *entry, void **out)
{
	for (uint32_t i = 1; i < l->nsym; i++) {
		const Elf64_Sym *s = &l->sym[i];
		bool defined = s->st_shndx != SHN_UNDEF && s->st_shndx < l->nsh;
		if (!defined || strcmp(name_at(l->names, l->nnames, s->st_name), entry))
			continue;
		const Elf64_Shdr *in = &l->sh[s->st_shndx];
		if (l->at[s->st_shndx] == NOWHERE || !(in->sh_flags & SHF_EXECINSTR) || s->st_value >= in->sh_size)
			return DAMAGED("%.200s is not a function", entry);
		*out = l->map + l->at[s->st_shndx] + s->st_value;
		return GJ_OK;
	}
	return GJ_OK;
}

static gj_status load(loader *l, const char *entry, gj_elf *out)
{
	TRY(read_sections(l));
	TRY(read_symbols(l));
	TRY(place(l));
	TRY(map_sections(l));
	TRY(relocate(l));
	TRY(find_function(l, entry, &out->entry));
	TRY(find_function(l, "gj_callback", &out->callback));
	if (!out->entry)
		return gj_error_set(GJ_E_LOAD, 0, "the object file does not define the kernel %.200s", entry);
	return protect(l);
}

/* Tells debuggers where the object's sections lie now, if it has lines: in a copy of it. They relocate what only they read. */
static gj_told *tell(const loader *l)
{
	bool lines = false;
	uint64_t table;
	for (uint32_t i = 0; i < l->nsh; i++)
		lines |= !strcmp(name_at(l->shnames, l->nshnames, l->sh[i].sh_name), ".debug_line");
	uint8_t *copy = lines ? malloc(l->n) : NULL;
	if (!copy)
		return NULL;
	memcpy(copy, l->obj, l->n);
	memcpy(&table, copy + offsetof(Elf64_Ehdr, e_shoff), sizeof table);
	for (uint32_t i = 0; i < l->nsh; i++) {
		uint64_t at = l->at[i] == NOWHERE ? 0 : (uintptr_t)l->map + l->at[i];
		memcpy(copy + table + i * sizeof(Elf64_Shdr) + offsetof(Elf64_Shdr, sh_addr), &at, sizeof at);
	}
	return gj_debugger_tell(copy, l->n);
}

gj_status gj_elf_load(const void *object, size_t n, const char *entry, gj_resolve *resolve, void *arg, gj_elf *out)
{
	loader l = { .obj = object, .n = n, .resolve = resolve, .arg = arg };
	*out = (gj_elf){ 0 };
	gj_elf found = { 0 };
	gj_status status = load(&l, entry, &found);
	if (status == GJ_OK)
		*out = (gj_elf){ l.map, l.start[NGROUPS], found.entry, found.callback, tell(&l) };
	else if (l.map)
		munmap(l.map, l.start[NGROUPS]);
	free(l.sh);
	free(l.at);
	free(l.sym);
	free(l.outside);
	return status;
}

void gj_elf_unload(gj_elf *m)
{
	gj_debugger_forget(m->told);
	if (m->map)
		munmap(m->map, m->len);
	*m = (gj_elf){ 0 };
}
