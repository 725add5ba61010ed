/* Makes loops over the warps of a kernel's phases (phases.c). What varies from warp to warp and is used in another phase than its own is
 * kept in the warp's frame or made again; what holds for a warp stands at the head of each loop; what is the same in all warps stays as
 * it is. A loop that does nothing but for `first lane < bound` ends with the first warp that is not below it: those behind are not, either. */
#include "emit/cpu/phases.h"

#include <stddef.h>

/* Over the warps, of a phase. */
typedef struct loop {
	LLVMBasicBlockRef pre, head, latch, done, out;       /* out: from where the next phase is reached */
	GJ_VEC(gj_local) own;                      /* what holds for a warp, by its name in resume.c's loop */
	uint32_t  guard;                           /* node with the branch on a bound that guards all the phase does; or NOWHERE */
	gj_v      beyond;                          /* of a guard `lane with a number`: is the first lane beyond it; NULL: another guard */
	gj_v      way;                             /* condition of the branch that it ends with; NULL: there is none */
	uint32_t  to[2];                           /* leaders of phases */
} loop;

typedef struct maker {
	gj_gen   *g;
	gj_phased *p;
	gj_resume *r;
	loop     *loop;                            /* by the node that leads */
	uint32_t  nblocks;                         /* nodes that do not split an edge */
	GJ_VEC(gj_v) dead;
} maker;

static gj_node *node(const maker *m, uint32_t i) { return &m->p->node.p[i]; }
static uint32_t node_of(const maker *m, LLVMBasicBlockRef bb) { return gj_place_of(&m->p->nodes, bb); }
static loop *loop_of(const maker *m, uint32_t i) { return &m->loop[node(m, i)->phase]; }
static gj_arena *arena(const maker *m) { return m->g->u->arena; }

static gj_v behind(gj_v x)
{
	do
		x = LLVMGetNextInstruction(x);
	while (gj_is_phi(x));
	return x;
}

static gj_v first_of(LLVMBasicBlockRef bb)
{
	gj_v x = LLVMGetFirstInstruction(bb);
	return gj_is_phi(x) ? behind(x) : x;
}

static bool is_leader(const maker *m, uint32_t i) { return node(m, i)->leads && i != m->p->end; }

/* -- What is used in other phases --------------------------------------------------------------------------------------------- */

static gj_v in_frame(const maker *m, uint32_t at)
{
	return gj_byte_gep(m->g, m->r->frame, LLVMConstInt(m->g->u->i64, at, 0));
}

/* Returns the first instruction. */
static gj_v store_in_frame(const maker *m, gj_v x, uint32_t at)
{
	gj_v place = in_frame(m, at);
	gj_store(m->g, x, place, gj_resume_align(m->g, LLVMTypeOf(x)));
	return place;
}

static gj_v load_from_frame(const maker *m, gj_t t, uint32_t at)
{
	return gj_load(m->g, t, in_frame(m, at), gj_resume_align(m->g, t));
}

/* Phis at the head of a phase, of what varies, are kept at the end of those before it: edges from branches get a block of their own. */
static void split_edges(maker *m)
{
	m->nblocks = m->p->node.n;
	for (uint32_t v = 0; v < m->nblocks; v++) {
		gj_v phi = LLVMGetFirstInstruction(node(m, v)->bb);
		while (gj_is_phi(phi) && !gj_value_varies(m->p, phi))
			phi = LLVMGetNextInstruction(phi);
		for (uint32_t i = 0; is_leader(m, v) && phi && gj_is_phi(phi) && i < node(m, v)->preds.n; i++)
			if (node(m, node(m, v)->preds.p[i])->succs.n > 1)
				gj_split_edge(m->p, v, i);
	}
	gj_assign_phases(m->p);
}

/* The node from which v is reached, where it was reached from block bb. */
static uint32_t end_of_edge(const maker *m, LLVMBasicBlockRef bb, uint32_t v)
{
	uint32_t u = node_of(m, bb);
	for (uint32_t i = 0; i < node(m, v)->preds.n; i++) {
		uint32_t from = node(m, v)->preds.p[i];
		if (from >= m->nblocks && node(m, from)->preds.p[0] == u)
			return from;
	}
	return u;
}

/* Where operand i of `user` must be known. */
static uint32_t place_of_use(const maker *m, gj_v user, unsigned i)
{
	return node_of(m, LLVMGetInstructionParent(gj_needed_at(user, i)));
}

/* Has a node that can be reached from `from`, not through v, a use of x? */
static bool is_used_before(maker *m, gj_v x, uint32_t from, uint32_t v)
{
	GJ_VEC(uint32_t) todo = { 0 };
	m->p->walks++;
	node(m, v)->walk = m->p->walks;
	gj_push(arena(m), &todo, from);
	while (todo.n) {
		const gj_node *n = node(m, todo.p[--todo.n]);
		for (uint32_t k = 0; k < n->succs.n; k++) {
			if (node(m, n->succs.p[k])->walk != m->p->walks)
				gj_push(arena(m), &todo, n->succs.p[k]);
			node(m, n->succs.p[k])->walk = m->p->walks;
		}
	}
	for (LLVMUseRef use = LLVMGetFirstUse(x); use; use = LLVMGetNextUse(use))
		for (unsigned i = 0; i < gj_operands(LLVMGetUser(use)); i++) {
			uint32_t at = LLVMGetOperand(LLVMGetUser(use), i) == x ? place_of_use(m, LLVMGetUser(use), i) : v;
			if (at != v && at != GJ_NOWHERE && node(m, at)->walk == m->p->walks)
				return true;
		}
	return false;
}

/* Can x, which phi becomes where it is reached from node `from`, be put in phi's place as soon as it is made: does nobody else want it in
 * another phase, nor phi itself from there on? */
static bool shares_place(maker *m, gj_v phi, uint32_t v, gj_v x, uint32_t from)
{
	const gj_seen *s = gj_find_value(m->p, x);
	if (!s || !s->varies || s->node == GJ_NOWHERE || s->at != GJ_NOWHERE || node(m, s->node)->phase == node(m, from)->phase
	    || (gj_is_phi(x) && node(m, s->node)->leads))
		return false;
	for (LLVMUseRef use = LLVMGetFirstUse(x); use; use = LLVMGetNextUse(use)) {
		gj_v user = LLVMGetUser(use);
		for (unsigned i = 0; user != phi && i < gj_operands(user); i++)
			if (LLVMGetOperand(user, i) == x && node(m, place_of_use(m, user, i))->phase != node(m, s->node)->phase)
				return false;
	}
	return !is_used_before(m, phi, s->node, v);
}

/* The only value that phi can have, if it has no other; NULL. */
static gj_v only_value(gj_v phi)
{
	gj_v only = NULL;
	for (unsigned i = 0; i < LLVMCountIncoming(phi); i++) {
		gj_v x = LLVMGetIncomingValue(phi, i);
		if (x != phi && only && x != only)
			return NULL;
		only = x == phi ? only : x;
	}
	return only;
}

static void keep_phi(maker *m, uint32_t v, gj_v phi)
{
	gj_t t = LLVMTypeOf(phi);
	uint32_t at = gj_resume_place(m->g, t);
	bool shares = false;
	for (unsigned i = 0; i < LLVMCountIncoming(phi); i++) {
		gj_v x = LLVMGetIncomingValue(phi, i);
		if (x == phi || LLVMIsUndef(x))
			continue;
		if (shares_place(m, phi, v, x, end_of_edge(m, LLVMGetIncomingBlock(phi, i), v))) {
			gj_seen *s = gj_find_value(m->p, x);
			s->at = at;
			s->shares = shares = true;
			LLVMPositionBuilderBefore(m->g->b, behind(x));
			store_in_frame(m, x, at);
			continue;
		}
		gj_node *from = node(m, end_of_edge(m, LLVMGetIncomingBlock(phi, i), v));
		gj_v end = LLVMGetBasicBlockTerminator(from->bb), first;
		LLVMPositionBuilderBefore(m->g->b, end);
		first = store_in_frame(m, x, at);
		from->top = from->top == end ? first : from->top;
	}
	LLVMPositionBuilderBefore(m->g->b, node(m, v)->top);
	gj_v x = load_from_frame(m, t, at);
	LLVMReplaceAllUsesWith(phi, x);
	gj_push(arena(m), &m->dead, phi);
	gj_note_value(m->p, x, v, true, at);
	gj_find_value(m->p, x)->shares = shares;
}

static void keep_phis(maker *m)
{
	for (uint32_t v = 0; v < m->p->node.n; v++)
		node(m, v)->top = first_of(node(m, v)->bb);
	for (uint32_t v = 0; v < m->p->node.n; v++) {
		gj_v x = LLVMGetFirstInstruction(node(m, v)->bb), next;
		for (; is_leader(m, v) && gj_is_phi(x); x = next) {
			next = LLVMGetNextInstruction(x);
			gj_v only = gj_value_varies(m->p, x) ? only_value(x) : NULL;
			if (only) {
				LLVMReplaceAllUsesWith(x, only);
				gj_push(arena(m), &m->dead, x);
			} else if (gj_value_varies(m->p, x)) {
				keep_phi(m, v, x);
			}
		}
	}
}

/* Is it cheaper to make x again than to keep it? Its operands are then kept, so only what has one that may vary counts. */
static bool made_again(const maker *m, gj_v x)
{
	unsigned varying = 0;
	bool wide = gj_is_vec(LLVMTypeOf(x));
	switch (LLVMGetInstructionOpcode(x)) {
	case LLVMInsertElement: case LLVMShuffleVector: case LLVMAdd: case LLVMSub: case LLVMShl: case LLVMGetElementPtr: case LLVMZExt:
	case LLVMSExt: case LLVMTrunc: case LLVMICmp:
		break;
	case LLVMMul:
		if (!wide)
			break;
		return false;
	default:
		return false;
	}
	for (int i = 0; i < LLVMGetNumOperands(x); i++) {
		const gj_seen *s = gj_find_value(m->p, LLVMGetOperand(x, (unsigned)i));
		if (s && s->shares)
			return false;
		varying += s && s->varies && s->node != GJ_NOWHERE;
	}
	return varying <= 1;
}

static gj_v *known(maker *m, uint32_t i, gj_v x)
{
	gj_node *n = node(m, i);
	for (uint32_t k = 0; k < n->known.n; k++)
		if (n->known.p[k].x == x)
			return &n->known.p[k].here;
	gj_push(arena(m), &n->known, ((gj_local){ x, NULL }));
	return &n->known.p[n->known.n - 1].here;
}

/* Where in its phase a node fetches: before any loop. */
static uint32_t fetching(const maker *m, uint32_t i) { return node(m, i)->cyclic ? node(m, i)->phase : i; }

/* The value x as node i of another phase has it. */
static gj_v fetch(maker *m, gj_v x, uint32_t i)
{
	const gj_seen *s = gj_find_value(m->p, x);
	if (!s || !s->varies || s->node == GJ_NOWHERE || node(m, s->node)->phase == node(m, i)->phase)
		return x;
	gj_v have = *known(m, i, x = s->x), y;
	if (have)
		return have;
	if (made_again(m, x)) {
		y = LLVMInstructionClone(x);
		for (int k = 0; k < LLVMGetNumOperands(x); k++)
			LLVMSetOperand(y, (unsigned)k, fetch(m, LLVMGetOperand(x, (unsigned)k), i));
		LLVMPositionBuilderBefore(m->g->b, node(m, i)->top);
		LLVMInsertIntoBuilder(m->g->b, y);
	} else {
		uint32_t at = s->at == GJ_NOWHERE ? gj_resume_place(m->g, LLVMTypeOf(x)) : s->at;
		if (s->at == GJ_NOWHERE) {
			gj_find_value(m->p, x)->at = at;
			LLVMPositionBuilderBefore(m->g->b, behind(x));
			store_in_frame(m, x, at);
		}
		LLVMPositionBuilderBefore(m->g->b, node(m, i)->top);
		y = load_from_frame(m, LLVMTypeOf(x), at);
	}
	gj_note_copy(m->p, y, gj_find_value(m->p, x));
	return *known(m, i, x) = y;
}

static void fetch_elsewhere(maker *m, gj_v x)
{
	GJ_VEC(gj_v) users = { 0 };
	for (LLVMUseRef use = LLVMGetFirstUse(x); use; use = LLVMGetNextUse(use))
		gj_push(arena(m), &users, LLVMGetUser(use));
	for (uint32_t k = 0; k < users.n; k++)
		for (unsigned i = 0; i < gj_operands(users.p[k]); i++) {
			uint32_t at = place_of_use(m, users.p[k], i);
			if (at != GJ_NOWHERE && LLVMGetOperand(users.p[k], i) == x)
				LLVMSetOperand(users.p[k], i, fetch(m, x, fetching(m, at)));
		}
}

static bool sets_nothing(gj_v x) { return LLVMIsAStoreInst(x) && LLVMIsUndef(LLVMGetOperand(x, 0)); }

/* Is the variable set in node i before it is read there? */
static bool is_set_first(const maker *m, gj_v variable, uint32_t i)
{
	for (gj_v x = LLVMGetFirstInstruction(node(m, i)->bb); x; x = LLVMGetNextInstruction(x))
		if ((LLVMIsALoadInst(x) && LLVMGetOperand(x, 0) == variable) || (LLVMIsAStoreInst(x) && LLVMGetOperand(x, 1) == variable))
			return LLVMIsAStoreInst(x);
	return false;
}

/* Does every way through the phase to another of these users go through node i? */
static bool comes_before(maker *m, uint32_t i, const gj_v *user, uint32_t n)
{
	GJ_VEC(uint32_t) todo = { 0 };
	uint32_t leader = node(m, i)->phase;
	m->p->walks++;
	node(m, leader)->walk = m->p->walks;
	gj_push(arena(m), &todo, leader);
	while (todo.n) {
		uint32_t at = todo.p[--todo.n];
		for (uint32_t k = 0; at != i && k < node(m, at)->succs.n; k++) {
			gj_node *to = node(m, node(m, at)->succs.p[k]);
			if (to->phase == leader && to->walk != m->p->walks)
				gj_push(arena(m), &todo, node(m, at)->succs.p[k]);
			to->walk = m->p->walks;
		}
	}
	for (uint32_t k = 0; k < n; k++) {
		uint32_t at = node_of(m, LLVMGetInstructionParent(user[k]));
		if (at != i && node(m, at)->walk == m->p->walks)
			return false;
	}
	return true;
}

/* Is all that is done with the variable done in one phase, and has nothing to be remembered from one time to the next? */
static bool is_of_one_phase(maker *m, gj_v variable, const gj_v *user, uint32_t n)
{
	bool set = false;
	for (uint32_t k = 0; k < n; k++) {
		uint32_t i = node_of(m, LLVMGetInstructionParent(user[k]));
		if (node(m, i)->phase != node(m, node_of(m, LLVMGetInstructionParent(user[0])))->phase)
			return false;
		set = set || (is_set_first(m, variable, i) && comes_before(m, i, user, n));
	}
	return set || !n;
}

/* A variable that several phases use lies in the frame, where vectors are aligned less than on the stack. */
static void keep_variable(maker *m, gj_kept v)
{
	GJ_VEC(gj_v) users = { 0 };
	for (LLVMUseRef use = LLVMGetFirstUse(v.at); use; use = LLVMGetNextUse(use))
		if (!sets_nothing(LLVMGetUser(use)))
			gj_push(arena(m), &users, LLVMGetUser(use));
	bool several = !is_of_one_phase(m, v.at, users.p, users.n);
	uint32_t at = several ? gj_resume_place(m->g, v.type) : 0;
	for (uint32_t k = 0; several && k < users.n; k++) {
		uint32_t i = node_of(m, LLVMGetInstructionParent(users.p[k]));
		gj_v *have = known(m, fetching(m, i), v.at);
		LLVMPositionBuilderBefore(m->g->b, node(m, fetching(m, i))->top);
		*have = *have ? *have : in_frame(m, at);
		LLVMSetOperand(users.p[k], LLVMIsALoadInst(users.p[k]) ? 0 : 1, *have);
		LLVMSetAlignment(users.p[k], gj_resume_align(m->g, v.type));
	}
}

static void keep_values(maker *m)
{
	keep_phis(m);
	for (uint32_t i = 0; i < m->p->seen.n; i++) {
		const gj_seen *s = &m->p->seen.p[i];
		if (s->varies && s->node != GJ_NOWHERE)
			fetch_elsewhere(m, s->x);
	}
	for (uint32_t i = 0; i < m->r->vars.n; i++)
		keep_variable(m, m->r->vars.p[i]);
	for (uint32_t i = 0; i < m->dead.n; i++)
		LLVMInstructionEraseFromParent(m->dead.p[i]);
}

/* -- Loops ----------------------------------------------------------------------------------------------------------------------- */

/* Does node i nothing but make values? What stops it and where it leads does not count. */
static bool is_idle(const maker *m, uint32_t i)
{
	const gj_node *n = node(m, i);
	gj_v end = LLVMGetBasicBlockTerminator(n->bb), x = LLVMGetFirstInstruction(n->bb);
	for (; x != end; x = LLVMGetNextInstruction(x)) {
		bool stop = n->stops && LLVMIsAStoreInst(x) && LLVMGetOperand(x, 1) == m->r->state;
		if (!gj_is_pure(x) && !LLVMIsALoadInst(x) && !stop && !sets_nothing(x))
			return false;
	}
	return true;
}

/* Has x the same value in all warps, for sure? */
static bool is_common(const maker *m, gj_v x)
{
	const gj_cpu_gen *c = gj_cpu(m->g);
	const gj_seen *s = gj_find_value(m->p, x);
	LLVMBasicBlockRef home = LLVMIsAInstruction(x) ? LLVMGetInstructionParent(x) : NULL;
	return s ? !s->varies : !home || home == m->g->entry || home == c->blocks || home == c->outer;
}

static bool counts_threads(const maker *m, gj_v x)
{
	const gj_cpu_gen *c = gj_cpu(m->g);
	while (LLVMIsASExtInst(x) || LLVMIsAZExtInst(x))
		x = LLVMGetOperand(x, 0);
	return x == c->warp || (c->counted >= 0 && x == c->thread[0]);
}

/* Is x greater, or the same, in the next warp of a block of one row? */
static bool rises(const maker *m, gj_v x)
{
	if (counts_threads(m, x) || is_common(m, x))
		return true;
	switch (LLVMGetInstructionOpcode(x)) {
	case LLVMSExt: case LLVMZExt:
		return rises(m, LLVMGetOperand(x, 0));
	case LLVMAdd:
		return LLVMGetNSW(x) && rises(m, LLVMGetOperand(x, 0)) && rises(m, LLVMGetOperand(x, 1));
	default:
		return false;
	}
}

/* Is nothing left to do from node i on? */
static bool leads_out(const maker *m, uint32_t i)
{
	for (; !node(m, i)->leads; i = node(m, i)->succs.p[0]) {
		gj_v first = LLVMGetFirstInstruction(node(m, i)->bb), end = LLVMGetBasicBlockTerminator(node(m, i)->bb);
		bool empty = first == end || (node(m, i)->stops && LLVMGetNextInstruction(first) == end);
		if (!empty || node(m, i)->succs.n != 1)
			return false;
	}
	return !LLVMIsAPHINode(LLVMGetFirstInstruction(node(m, i)->bb));
}

/* Is c a guard that no warp passes once one has not, or has not and was `beyond` what it asks for? */
static bool ends_loop(const maker *m, gj_v c, gj_v *beyond)
{
	if (!LLVMIsAICmpInst(c) || gj_is_vec(LLVMTypeOf(c)))
		return false;
	gj_v x = LLVMGetOperand(c, 0), bound = LLVMGetOperand(c, 1);
	LLVMIntPredicate p = LLVMGetICmpPredicate(c);
	if (p == LLVMIntSLT || p == LLVMIntSLE)
		return rises(m, x) && is_common(m, bound);
	bool named = p == LLVMIntULT && LLVMIsConstant(bound) && LLVMIsAInstruction(x) && LLVMGetInstructionOpcode(x) == LLVMSub;
	if (!named || !is_common(m, LLVMGetOperand(x, 0)) || !counts_threads(m, LLVMGetOperand(x, 1)))
		return false;
	LLVMPositionBuilderBefore(m->g->b, c);
	*beyond = gj_icmp(m->g, LLVMIntSGT, LLVMGetOperand(x, 1), LLVMGetOperand(x, 0));
	return true;
}

/* The node with the guard of the phase that node i leads, before what holds for a warp is called otherwise. */
static uint32_t find_guard(const maker *m, uint32_t i, gj_v *beyond)
{
	while (is_idle(m, i) && node(m, i)->succs.n == 1 && !node(m, node(m, i)->succs.p[0])->leads)
		i = node(m, i)->succs.p[0];
	gj_v end = LLVMGetBasicBlockTerminator(node(m, i)->bb);
	if (!is_idle(m, i) || node(m, i)->succs.n != 2 || !node(m, i)->parts || !LLVMIsABranchInst(end))
		return GJ_NOWHERE;
	return leads_out(m, node(m, i)->succs.p[1]) && ends_loop(m, LLVMGetCondition(end), beyond) ? i : GJ_NOWHERE;
}

/* As an instruction of resume.c's loop over warps is called in l. */
static gj_v in_loop(const loop *l, gj_v x)
{
	for (uint32_t i = 0; i < l->own.n; i++)
		if (l->own.p[i].x == x)
			return l->own.p[i].here;
	return x;
}

static void call_by_own_names(const maker *m, gj_v user)
{
	for (unsigned i = 0; i < gj_operands(user); i++) {
		gj_v x = LLVMGetOperand(user, i);
		LLVMBasicBlockRef home = LLVMIsAInstruction(x) ? LLVMGetInstructionParent(x) : NULL;
		if (home == m->r->warp)
			LLVMSetOperand(user, i, in_loop(loop_of(m, node_of(m, LLVMGetInstructionParent(gj_needed_at(user, i)))), x));
	}
}

static void clone_into(const maker *m, loop *l, LLVMBasicBlockRef bb, gj_v x)
{
	gj_v y = LLVMInstructionClone(x);
	for (int i = 0; i < LLVMGetNumOperands(x); i++)
		LLVMSetOperand(y, (unsigned)i, in_loop(l, LLVMGetOperand(x, (unsigned)i)));
	gj_at(m->g, bb);
	LLVMInsertIntoBuilder(m->g->b, y);
	gj_push(arena(m), &l->own, ((gj_local){ x, y }));
}

/* What the operands of `user` say of a warp is wanted, if they are used in this phase; NOWHERE: wherever that is. */
static bool want_operands(const maker *m, gj_v user, uint32_t leader)
{
	bool more = false;
	for (unsigned i = 0; i < gj_operands(user); i++) {
		if (leader != GJ_NOWHERE && node(m, place_of_use(m, user, i))->phase != leader)
			continue;
		gj_v x = LLVMGetOperand(user, i);
		gj_seen *s = gj_find_value(m->p, x);
		LLVMBasicBlockRef home = s && s->node == GJ_NOWHERE ? LLVMGetInstructionParent(x) : NULL;
		if ((home == m->r->warp || home == m->r->next) && !s->wanted)
			s->wanted = more = true;
	}
	return more;
}

/* Marks what the phase wants of resume.c's loop: its warp's number, if it is a loop, and what its nodes use. */
static void want(const maker *m, uint32_t leader, bool idle)
{
	LLVMBasicBlockRef own[2] = { m->r->warp, m->r->next };
	for (unsigned k = 0; k < 2; k++)
		for (gj_v x = LLVMGetFirstInstruction(own[k]); x; x = LLVMGetNextInstruction(x))
			gj_find_value(m->p, x)->wanted = false;
	for (uint32_t i = 0; i < m->p->node.n; i++)
		for (gj_v x = LLVMGetFirstInstruction(node(m, i)->bb); x && (gj_is_phi(x) || node(m, i)->phase == leader); x = LLVMGetNextInstruction(x))
			want_operands(m, x, leader);
	if (!idle)
		want_operands(m, LLVMGetBasicBlockTerminator(m->r->next), GJ_NOWHERE);
	for (bool more = true; more;) {
		more = false;
		for (unsigned k = 2; k-- > 0;)
			for (gj_v x = LLVMGetLastInstruction(own[k]); x; x = LLVMGetPreviousInstruction(x))
				if (gj_find_value(m->p, x)->wanted)
					more |= want_operands(m, x, GJ_NOWHERE);
	}
}

static bool is_wanted(const maker *m, gj_v x) { return gj_find_value(m->p, x)->wanted; }

static gj_v incoming(gj_v phi, LLVMBasicBlockRef from)
{
	unsigned i = 0;
	while (LLVMGetIncomingBlock(phi, i) != from)
		i++;
	return LLVMGetIncomingValue(phi, i);
}

/* What resume.c's loop has at its head and at its end. A phase that does nothing needs no loop. */
static void make_loop(maker *m, uint32_t leader)
{
	gj_gen *g = m->g;
	loop *l = &m->loop[leader];
	bool idle = true;
	for (uint32_t i = 0; i < m->p->node.n; i++)
		idle &= node(m, i)->phase != leader || is_idle(m, i);
	l->pre = gj_bb_new(g, "phase");
	l->head = gj_bb_new(g, "warp");
	l->latch = gj_bb_new(g, "next");
	l->done = gj_bb_new(g, "done");
	want(m, leader, idle);
	for (gj_v x = LLVMGetFirstInstruction(m->r->warp); x != m->r->dispatch; x = LLVMGetNextInstruction(x)) {
		if (x == m->r->before || !is_wanted(m, x))
			continue;
		if (!gj_is_phi(x)) {
			clone_into(m, l, l->head, x);
			continue;
		}
		gj_v first = incoming(x, gj_cpu(g)->outer), y = first;
		gj_at(g, l->head);
		if (!idle)
			LLVMAddIncoming(y = LLVMBuildPhi(g->b, LLVMTypeOf(x), ""), &first, &l->pre, 1);
		gj_push(arena(m), &l->own, ((gj_local){ x, y }));
	}
	gj_at(g, l->head);
	LLVMBuildBr(g->b, node(m, leader)->bb);
	gj_v end = LLVMGetBasicBlockTerminator(m->r->next);
	for (gj_v x = LLVMGetFirstInstruction(m->r->next); !idle && x != end; x = LLVMGetNextInstruction(x))
		if (!gj_is_phi(x) && is_wanted(m, x))
			clone_into(m, l, l->latch, x);
	gj_at(g, l->latch);
	if (idle) {
		LLVMBuildBr(g->b, l->done);
		return;
	}
	gj_v back = LLVMBuildCondBr(g->b, in_loop(l, LLVMGetCondition(end)), l->head, l->done);
	if (g->threads)
		gj_unroll_fully(g, back);
	for (gj_v x = LLVMGetFirstInstruction(m->r->warp); gj_is_phi(x); x = LLVMGetNextInstruction(x)) {
		gj_v next = x == m->r->before || !is_wanted(m, x) ? NULL : in_loop(l, incoming(x, m->r->next));
		if (next)
			LLVMAddIncoming(in_loop(l, x), &next, &l->latch, 1);
	}
}

/* Whoever is the first not to be below the bound ends the loop, in blocks of one row. */
static void break_at_guard(maker *m, loop *l)
{
	gj_gen *g = m->g;
	gj_v end = LLVMGetBasicBlockTerminator(node(m, l->guard)->bb);
	LLVMBasicBlockRef over = gj_bb_new(g, "over");
	gj_at(g, over);
	gj_v last = l->beyond ? LLVMBuildAnd(g->b, m->r->one_row, l->beyond, "") : m->r->one_row;
	LLVMBuildCondBr(g->b, last, l->done, LLVMGetSuccessor(end, 1));
	LLVMSetSuccessor(end, 1, over);
}

static void look_up(gj_gen *g)
{
	gj_v flag = gj_block_now(g, offsetof(gj_block, attention));
	LLVMSetVolatile(flag, 1);
	gj_if wanted = gj_if_begin(g, gj_icmp(g, LLVMIntNE, flag, gj_i32(g->u, 0)));
	gj_seldom(g->u, LLVMGetBasicBlockTerminator(wanted.from));
	gj_cpu_attend(g, gj_cpu(g)->block);
	gj_if_end(g, &wanted);
}

/* The ways of node i out of its phase lead to the end of its loop. */
static void turn_ways(maker *m, uint32_t i)
{
	gj_node *n = node(m, i);
	loop *l = loop_of(m, i);
	gj_v end = LLVMGetBasicBlockTerminator(n->bb);
	bool out = false;
	for (uint32_t k = 0; k < n->succs.n; k++) {
		if (!node(m, n->succs.p[k])->leads)
			continue;
		out = true;
		l->to[n->cuts ? k : 0] = n->succs.p[k];
		l->to[1] = n->cuts ? l->to[1] : n->succs.p[k];
		if (!n->cuts && !n->stops)
			LLVMSetSuccessor(end, k, l->latch);
	}
	if (!out || (!n->cuts && !n->stops))
		return;
	if (n->cuts)
		l->way = LLVMGetCondition(end);
	else
		LLVMInstructionEraseFromParent(LLVMGetPreviousInstruction(end));       /* what says where the warp is */
	LLVMInstructionEraseFromParent(end);
	gj_at(m->g, n->bb);
	LLVMBuildBr(m->g->b, l->latch);
}

/* A value for phi of all those with which v is reached from the phase that from's node is of. */
static gj_v joined(maker *m, gj_v phi, uint32_t v, loop *from)
{
	GJ_VEC(gj_v) x = { 0 };
	GJ_VEC(LLVMBasicBlockRef) bb = { 0 };
	for (unsigned i = 0; i < LLVMCountIncoming(phi); i++) {
		uint32_t u = end_of_edge(m, LLVMGetIncomingBlock(phi, i), v);
		if (loop_of(m, u) != from)
			continue;
		gj_push(arena(m), &x, LLVMGetIncomingValue(phi, i));
		gj_push(arena(m), &bb, node(m, u)->bb);
	}
	if (x.n == 1)
		return x.p[0];
	LLVMPositionBuilderBefore(m->g->b, LLVMGetFirstInstruction(from->latch));
	gj_v y = LLVMBuildPhi(m->g->b, LLVMTypeOf(phi), "");
	LLVMAddIncoming(y, x.p, bb.p, x.n);
	return y;
}

/* Phis at the head of a phase, of what all warps have in common, come before its loop. */
static void move_phis(maker *m, uint32_t v)
{
	for (gj_v phi = LLVMGetFirstInstruction(node(m, v)->bb), next; gj_is_phi(phi); phi = next) {
		next = LLVMGetNextInstruction(phi);
		gj_at(m->g, m->loop[v].pre);
		gj_v y = LLVMBuildPhi(m->g->b, LLVMTypeOf(phi), "");
		for (uint32_t i = 0; i < node(m, v)->preds.n; i++) {
			loop *from = loop_of(m, node(m, v)->preds.p[i]);
			bool again = false;
			for (uint32_t k = 0; k < i; k++)
				again |= loop_of(m, node(m, v)->preds.p[k]) == from;
			gj_v x = again ? NULL : joined(m, phi, v, from);
			if (x)
				LLVMAddIncoming(y, &x, &from->out, 1);
		}
		LLVMReplaceAllUsesWith(phi, y);
		LLVMInstructionEraseFromParent(phi);
	}
}

static LLVMBasicBlockRef beginning(const maker *m, uint32_t v)
{
	return v == m->p->end ? node(m, v)->bb : m->loop[v].pre;
}

static void drop(LLVMBasicBlockRef bb)
{
	for (gj_v x; (x = LLVMGetLastInstruction(bb));) {
		if (LLVMGetTypeKind(LLVMTypeOf(x)) != LLVMVoidTypeKind)
			LLVMReplaceAllUsesWith(x, LLVMGetPoison(LLVMTypeOf(x)));
		LLVMInstructionEraseFromParent(x);
	}
}

/* resume.c's own loop over warps goes; the builder stands where the block is done. */
static void drop_resuming(maker *m)
{
	LLVMBasicBlockRef behind = gj_here(m->g), end = node(m, m->p->end)->bb;
	drop(end);
	drop(m->r->warp);
	drop(m->r->next);
	LLVMDeleteBasicBlock(m->r->warp);
	LLVMDeleteBasicBlock(m->r->next);
	LLVMDeleteBasicBlock(behind);
	gj_at(m->g, end);
	look_up(m->g);
}

static bool leads_back(const loop *l, uint32_t leader) { return l->to[0] <= leader || l->to[1] <= leader; }

static void build(gj_phased *p)
{
	gj_gen *g = p->g;
	maker *m = &(maker){ .g = g, .p = p, .r = p->r };
	LLVMBasicBlockRef behind = gj_here(g);
	split_edges(m);
	m->loop = gj_new(arena(m), loop, p->node.n);
	keep_values(m);
	for (uint32_t i = 0; i < p->node.n; i++)
		if (is_leader(m, i)) {
			m->loop[i].guard = find_guard(m, i, &m->loop[i].beyond);
			make_loop(m, i);
			m->loop[i].out = m->loop[i].done;
		}
	for (uint32_t i = 0; i < p->node.n; i++)
		for (gj_v x = LLVMGetFirstInstruction(node(m, i)->bb); x; x = LLVMGetNextInstruction(x))
			call_by_own_names(m, x);
	for (uint32_t i = 0; i < p->node.n; i++)
		if (i != p->end)
			turn_ways(m, i);
	for (uint32_t i = 0; i < p->node.n; i++)
		if (!g->threads && is_leader(m, i) && leads_back(&m->loop[i], i)) {    /* back, in a loop that may take long */
			gj_at(g, m->loop[i].done);
			look_up(g);
			m->loop[i].out = gj_here(g);
		}
	for (uint32_t i = 0; i < p->node.n; i++)
		if (is_leader(m, i))
			move_phis(m, i);
	for (uint32_t i = 0; i < p->node.n; i++) {
		loop *l = &m->loop[i];
		if (!is_leader(m, i))
			continue;
		if (l->guard != GJ_NOWHERE)
			break_at_guard(m, l);
		gj_at(g, l->pre);
		LLVMBuildBr(g->b, l->head);
		gj_at(g, l->out);
		LLVMBasicBlockRef to[2] = { beginning(m, l->to[0]), beginning(m, l->to[1]) };
		gj_v end = l->way ? LLVMBuildCondBr(g->b, l->way, to[0], to[1]) : LLVMBuildBr(g->b, to[0]);
		if (g->threads && leads_back(l, i))
			gj_unroll_fully(g, end);
	}
	LLVMSetSuccessor(LLVMGetBasicBlockTerminator(gj_cpu(g)->outer), 0, m->loop[0].pre);
	gj_at(g, behind);
	drop_resuming(m);
}

bool gj_phases(gj_gen *g)
{
	gj_phased p = { .g = g, .r = gj_cpu(g)->resume };
	if (!gj_find_phases(&p))
		return false;
	build(&p);
	gj_resume_close(g);
	g->u->image->together = true;
	return true;
}
