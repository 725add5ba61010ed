/* Debug information: where each instruction comes from, with the calls that inlining removed, and what functions are called. How
 * much of it, the target says. */
#include "emit/values.h"

#include <string.h>

static LLVMMetadataRef file_of(gj_unit *u, const gj_code *c)
{
	const char *path = c && c->file ? c->file : "?", *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	size_t dir = slash ? (size_t)(slash - path) : 0;
	return LLVMDIBuilderCreateFile(u->di, base, strlen(base), path, dir);
}

void gj_lines_open(gj_unit *u)
{
	unsigned kind = u->opt->debug ? u->backend->debug_kind : u->opt->lineinfo ? u->backend->lineinfo_kind : GJ_NO_LINES;
	if (kind == GJ_NO_LINES)
		return;
	static const char key[] = "Debug Info Version";
	LLVMAddModuleFlag(u->mod, LLVMModuleFlagBehaviorWarning, key, sizeof key - 1,
		LLVMValueAsMetadata(gj_i32(u, LLVMDebugMetadataVersion())));
	u->di = LLVMCreateDIBuilder(u->mod);
	u->di_unit = LLVMDIBuilderCreateCompileUnit(u->di, LLVMDWARFSourceLanguagePython, file_of(u, u->root->code),
		"gridjit", 7, u->opt->opt != 0, "", 0, 0, "", 0, (LLVMDWARFEmissionKind)kind, 0, 0, 0, "", 0, "", 0);
}

/* The subprogram of a code object; `symbol`: of the function that is emitted for it, else it is only ever inlined. */
static LLVMMetadataRef scope_of(gj_unit *u, const gj_code *c, const char *symbol)
{
	for (uint32_t i = 0; i < u->scopes.n && !symbol; i++)
		if (u->scopes.p[i].key == c)
			return (LLVMMetadataRef)(void *)u->scopes.p[i].global;
	const char *name = c && c->name ? c->name : "kernel";
	unsigned line = c && c->firstline > 0 ? (unsigned)c->firstline : 0;
	LLVMMetadataRef file = file_of(u, c);
	LLVMMetadataRef type = LLVMDIBuilderCreateSubroutineType(u->di, file, NULL, 0, LLVMDIFlagZero);
	const char *linkage = symbol && u->backend->symbols_told ? symbol : "";
	LLVMMetadataRef s = LLVMDIBuilderCreateFunction(u->di, file, name, strlen(name), linkage, strlen(linkage), file, line, type, 1, 1, line, LLVMDIFlagZero, u->opt->opt != 0);
	if (!symbol)
		gj_push(u->arena, &u->scopes, ((gj_global){ c, 0, (gj_v)(void *)s }));
	return s;
}

void gj_lines_fn(gj_gen *g)
{
	if (!g->u->di)
		return;
	LLVMMetadataRef s = scope_of(g->u, g->f->code, g->f->name);
	LLVMSetSubprogram(g->fn, s);
	LLVMSetCurrentDebugLocation2(g->b, LLVMDIBuilderCreateDebugLocation(g->u->ctx, 0, 0, s, NULL));
}

void gj_lines_export(gj_unit *u, gj_v fn, const char *symbol)
{
	if (!u->di)
		return;
	LLVMMetadataRef s = scope_of(u, u->root->code, symbol);
	LLVMSetSubprogram(fn, s);
	LLVMSetCurrentDebugLocation2(u->b, LLVMDIBuilderCreateDebugLocation(u->ctx, 0, 0, s, NULL));
}

static LLVMMetadataRef location(gj_gen *g, uint32_t loc, int depth)
{
	gj_unit *u = g->u;
	const gj_loc *l = &g->f->loc.p[loc];
	LLVMMetadataRef at = l->up && depth < GJ_DIAG_FRAMES ? location(g, l->up, depth + 1) : NULL;
	LLVMMetadataRef scope = at ? scope_of(u, l->code, NULL) : LLVMGetSubprogram(g->fn);
	unsigned line = l->pos.line > 0 ? (unsigned)l->pos.line : 0, col = l->pos.col >= 0 ? (unsigned)l->pos.col + 1 : 0;
	return LLVMDIBuilderCreateDebugLocation(u->ctx, line, col, scope, at);
}

void gj_lines_at(gj_gen *g, uint32_t loc)
{
	if (g->u->di)
		LLVMSetCurrentDebugLocation2(g->b, location(g, loc < g->f->loc.n ? loc : 0, 0));
}

void gj_lines_none(gj_unit *u)
{
	LLVMSetCurrentDebugLocation2(u->b, NULL);
}

void gj_lines_close(gj_unit *u)
{
	if (!u->di)
		return;
	gj_lines_none(u);
	LLVMDIBuilderFinalize(u->di);
}
