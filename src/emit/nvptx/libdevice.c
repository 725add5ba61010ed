/* libdevice: NVIDIA's math functions as LLVM bitcode. It is read lazily and its functions get linkonce linkage before
 * linking, so that only what a kernel calls is ever materialised. The file is mapped once a process and path. */
#define _GNU_SOURCE
#include "emit/nvptx/nvptx.h"

#include <llvm-c/BitReader.h>
#include <llvm-c/Linker.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct mapping { char *path; const char *data; size_t n; struct mapping *next; } mapping;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static mapping *mappings;                      /* never freed: one or two files a process */

static const char *map_file(const char *path, size_t *n)
{
	struct stat st;
	const char *p = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0) {
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		p = p == MAP_FAILED ? NULL : p;
		*n = (size_t)st.st_size;
	}
	close(fd);
	return p;
}

static const mapping *mapped(const char *path)
{
	pthread_mutex_lock(&lock);
	mapping *m = mappings;
	while (m && strcmp(m->path, path))
		m = m->next;
	if (!m && (m = calloc(1, sizeof *m))) {
		m->path = strdup(path);
		m->data = m->path ? map_file(path, &m->n) : NULL;
		if (m->data) {
			m->next = mappings;
			mappings = m;
		} else {
			free(m->path);
			free(m);
			m = NULL;
		}
	}
	pthread_mutex_unlock(&lock);
	return m;
}

gj_v gj_libdevice_call(gj_gen *g, const gj_op *o, int row, const gj_v *arg, unsigned n)
{
	char name[64];
	gj_unit *u = g->u;
	bool single = LLVMTypeOf(arg[0]) == u->f32;
	const gj_math_info *m = &gj_math_info_of[row];
	if (!u->opt->libdevice)
		gj_fail(g->f, o->loc, GJ_ERR_LIBDEVICE, m->stem);
	bool fast = single && u->opt->fastmath && m->fast;
	snprintf(name, sizeof name, "__nv_%s%s", fast ? m->fast : m->stem, single ? "f" : "");
	return gj_extern_call(g, name, LLVMTypeOf(arg[0]), n, arg);
}

/* Only remquo has a result that is written through a pointer: its second. */
gj_v gj_libdevice_any(gj_gen *g, const gj_op *o)
{
	char name[64];
	gj_v arg[5];
	gj_unit *u = g->u;
	const gj_libdevice_row *row = &gj_libdevice_rows[o->imm.i];
	unsigned n = o->nargs;
	if (!u->opt->libdevice)
		gj_fail(g->f, o->loc, GJ_ERR_LIBDEVICE, row->name);
	snprintf(name, sizeof name, "__nv_%s", row->name);
	for (unsigned i = 0; i < n; i++)
		arg[i] = gj_sc(g, o->arg[i]);
	if (!o->sub)
		return gj_extern_call(g, name, gj_ty(u, o->type), n, arg);
	arg[n] = gj_alloca(g, gj_ty(u, o->type), 1, o->type->size);
	gj_extern_call(g, name, gj_ty(u, gj_libdevice_type(*row->results)), n + 1, arg);
	return gj_load(g, gj_ty(u, o->type), arg[n], o->type->size);
}

/* Can a fast variant be used? It must be there, and LLVM must know the intrinsics in it that came after LLVM 19. */
static bool usable(LLVMModuleRef lib, const char *name)
{
	static const char tanh_name[] = "llvm.nvvm.tanh.approx.f32";
	if (!strcmp(name, "__nv_fast_tanhf") && !LLVMLookupIntrinsicID(tanh_name, sizeof tanh_name - 1))
		return false;
	return LLVMGetNamedFunction(lib, name);
}

/* Functions that this module calls and that cannot be had: a fast variant falls back to the plain one. */
static void check_names(gj_unit *u, LLVMModuleRef lib)
{
	char plain[64];
	for (gj_v f = LLVMGetFirstFunction(u->mod); f; f = LLVMGetNextFunction(f)) {
		size_t n;
		const char *name = LLVMGetValueName2(f, &n);
		if (!LLVMIsDeclaration(f) || strncmp(name, "__nv_", 5) || usable(lib, name))
			continue;
		if (strncmp(name, "__nv_fast_", 10))
			gj_fail(u->root, 0, GJ_ERR_LIBDEVICE_OLD, u->opt->libdevice, name);
		snprintf(plain, sizeof plain, "__nv_%s", name + 10);
		LLVMSetValueName2(f, plain, strlen(plain));
	}
}

/* An intrinsic that came in with libdevice and that this LLVM does not know would go into the PTX as a call. */
static void check_intrinsics(gj_unit *u)
{
	for (gj_v f = LLVMGetFirstFunction(u->mod); f; f = LLVMGetNextFunction(f)) {
		size_t n;
		const char *name = LLVMGetValueName2(f, &n);
		if (!strncmp(name, "llvm.", 5) && !LLVMGetIntrinsicID(f) && LLVMGetFirstUse(f))
			gj_fail(u->root, 0, GJ_ERR_LIBDEVICE_NEW, u->opt->libdevice, gj_llvm_version(), name);
	}
}

static bool is_called(const gj_unit *u)
{
	gj_v f = LLVMGetFirstFunction(u->mod);
	size_t n;
	while (f && !(LLVMIsDeclaration(f) && !strncmp(LLVMGetValueName2(f, &n), "__nv_", 5)))
		f = LLVMGetNextFunction(f);
	return f != NULL;
}

void gj_libdevice_link(gj_unit *u)
{
	LLVMModuleRef lib;
	if (!is_called(u))
		return;
	const mapping *m = mapped(u->opt->libdevice);
	if (!m)
		gj_fail(u->root, 0, GJ_ERR_LIBDEVICE_FILE, u->opt->libdevice);
	LLVMMemoryBufferRef buf = LLVMCreateMemoryBufferWithMemoryRange(m->data, m->n, "libdevice", 0);
	if (LLVMGetBitcodeModuleInContext2(u->ctx, buf, &lib)) {
		LLVMDisposeMemoryBuffer(buf);          /* taken over only on success */
		gj_fail(u->root, 0, GJ_ERR_LIBDEVICE_FILE, u->opt->libdevice);
	}
	check_names(u, lib);
	for (gj_v f = LLVMGetFirstFunction(lib); f; f = LLVMGetNextFunction(f))
		if (!LLVMIsDeclaration(f))
			LLVMSetLinkage(f, LLVMLinkOnceODRLinkage);
	LLVMSetTarget(lib, LLVMGetTarget(u->mod));
	LLVMSetDataLayout(lib, LLVMGetDataLayoutStr(u->mod));
	if (LLVMLinkModules2(u->mod, lib))
		gj_fail(u->root, 0, GJ_ERR_LIBDEVICE_FILE, u->opt->libdevice);
	check_intrinsics(u);
	LLVMAddModuleFlag(u->mod, LLVMModuleFlagBehaviorOverride, "nvvm-reflect-ftz", 16,
		LLVMValueAsMetadata(gj_i32(u, u->opt->fastmath)));
}
