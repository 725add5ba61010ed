/* Debug information: where each instruction comes from, with the calls that inlining removed, and what functions are called. How
 * much of it, the target says. */
#include "emit/ops.h"

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

/* -- Variables ------------------------------------------------------------------------------------------------------------ */

static LLVMMetadataRef type_of(gj_unit *u, const gj_type *t)
{
	enum { BOOLEAN = 2, FLOAT = 4, SIGNED = 5, UNSIGNED = 7 };            /* DWARF's encodings */
	if (t->kind == GJ_PTR)
		return LLVMDIBuilderCreatePointerType(u->di, t->elem && gj_is_scalar(t->elem) ? type_of(u, t->elem) : NULL, 64, 64, 0, "", 0);
	unsigned encoding = gj_is_bool(t) ? BOOLEAN : gj_is_float(t) ? FLOAT : gj_is_signed(t) ? SIGNED : UNSIGNED;
	return LLVMDIBuilderCreateBasicType(u->di, t->name, strlen(t->name), 8 * (uint64_t)t->size, encoding, LLVMDIFlagZero);
}

/* Where the variable lies, for the call of its function that is being emitted. */
static gj_v place_of(gj_gen *g, const gj_op *o, gj_t t)
{
	gj_unit *u = g->u;
	const gj_loc *l = &g->f->loc.p[o->loc < g->f->loc.n ? o->loc : 0];
	LLVMMetadataRef at = LLVMGetCurrentDebugLocation2(g->b), scope = LLVMDILocationGetScope(at), up = LLVMDILocationGetInlinedAt(at);
	for (uint32_t i = 0; i < u->variables.n; i++) {
		const gj_variable *v = &u->variables.p[i];
		if (v->fn == g->fn && v->scope == scope && v->up == up && !strcmp(v->name, o->imm.name) && LLVMGetAllocatedType(v->place) == t)
			return v->place;
	}
	gj_v place = gj_alloca(g, t, 1, 8);
	LLVMMetadataRef info = LLVMDIBuilderCreateAutoVariable(u->di, scope, o->imm.name, strlen(o->imm.name), file_of(u, l->code),
		l->pos.line > 0 ? (unsigned)l->pos.line : 0, type_of(u, gj_arg_type(g, o, 0)), 1, LLVMDIFlagZero, 0);
	LLVMDIBuilderInsertDeclareRecordAtEnd(u->di, place, info, LLVMDIBuilderCreateExpression(u->di, NULL, 0), at, g->entry);
	gj_push(u->arena, &u->variables, ((gj_variable){ g->fn, scope, up, o->imm.name, place }));
	return place;
}

gj_v gj_do_stored(gj_gen *g, const gj_op *o)
{
	if (!g->u->di || g->u->vector)
		return NULL;
	gj_v x = gj_to_memory(g, gj_arg_type(g, o, 0), gj_sc(g, o->arg[0]));
	gj_v store = LLVMBuildStore(g->b, x, place_of(g, o, LLVMTypeOf(x)));
	LLVMSetVolatile(store, 1);
	return NULL;
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
