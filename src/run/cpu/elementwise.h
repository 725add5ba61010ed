/* out[i] = f(in[i]) on the CPU: the loop of a ufunc, as NumPy calls it. */
#ifndef GJ_ELEMENTWISE_H
#define GJ_ELEMENTWISE_H

#include "run/cpu/raising.h"
#include "run/device.h"

enum { GJ_MAX_OPERANDS = 64 };

/* A compiled element loop: `kernel` of `param` (leaf k is operand k). Never changes. */
typedef struct gj_operand { char *at; int64_t step; } gj_operand;         /* of a loop: the first element, bytes to the next */
typedef struct gj_element_kernel { gj_kernel *kernel; const gj_param *param; uint32_t nparams; } gj_element_kernel;

typedef enum gj_element_form { GJ_ELEMENTS_WIDE, GJ_ELEMENTS_SERIAL, GJ_ELEMENTS_STREAMED } gj_element_form;

/* Will outputs of so many bytes be gone from the caches when a loop that touches so many bytes in all has ended? */
bool gj_outlasts_caches(int64_t written, int64_t touched);
/* Elements before all outputs, of these sizes and contiguous, are aligned for streaming; −1: they never are. */
int64_t gj_lead_in(const gj_operand *output, const uint8_t *size, uint32_t n);

/* One set of operand types. */
typedef struct gj_elementwise gj_elementwise;
struct gj_elementwise {
	uint32_t nin, nargs;
	uint8_t  size[GJ_MAX_OPERANDS];            /* bytes of an element */
	bool     parallel;                         /* big loops go to all threads of the pool */
	_Atomic uint32_t ps_element;               /* picoseconds that an element took lately; 0: not known */
	/* The kernel for contiguous operands, where the inputs in `scalars` (a bit each) are one value for all; SERIAL: one element
	 * after the other, with any steps; STREAMED: outputs are aligned (gj_lead_in) and go past the caches. Without the GIL. NULL: it
	 * cannot be made, and the owner knows why. */
	const gj_element_kernel *(*kernel)(gj_elementwise *, uint64_t scalars, gj_element_form);
	void *owner;
};

/* Runs the loop over n elements as NumPy describes it: pointers to the first elements, steps in bytes. Operands may overlap
 * as NumPy lets them: elements are taken in ascending order wherever an output is read again. Gives the floating-point exceptions
 * (FE_…) that elements of the loop raised, −1 where there was no kernel or no memory or the thread was interrupted, −2 where the
 * function has raised what *failure says, of the first element that does. */
int gj_elementwise_run(gj_elementwise *, char *const *args, int64_t n, const int64_t *steps, gj_loop_failure *);

/* n elements of a size in bytes from one place to another, steps in bytes. */
void gj_copy_elements(char *to, int64_t to_step, const char *from, int64_t from_step, int64_t n, uint32_t size);

/* n elements by a wide kernel for these scalars, without a look at floating-point exceptions or overlap; `streamed`: its other form, or NULL.
 * buffer: room, a multiple of 32, times the bytes of an element of all operands. false: one has raised what *failure says. */
bool gj_elementwise_piece(gj_elementwise *, const gj_element_kernel *wide, const gj_element_kernel *streamed, uint64_t scalars,
	const gj_operand *, int64_t n, char *buffer, int64_t room, gj_loop_failure *failure);

#endif
