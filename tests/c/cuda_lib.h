/* For tests of the CUDA device over the fake driver: each in a child process, because the driver is opened once a process. */
#ifndef GJ_CUDA_LIB_H
#define GJ_CUDA_LIB_H

#include "check.h"
#include "fake_cuda.h"
#include "run/status.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OK(COND) CHECK(COND, "%s", gj_error_text())

static const char *library;
static const fake_controls *fk;
static const char PTX[] = ".version 8.0\n.target sm_90\n.visible .entry add_one(.param .u64 p, .param .u32 n)\n"
                          ".visible .entry crash()\n";

/* -- Children ---------------------------------------------------------------------------------------------------- */

/* Runs f in a child with "A=1 B=2" in its environment; its tally is added to ours. */
static void child(const char *name, void (*f)(void), const char *environment)
{
	int fd[2], tally[2] = { 0, 1 }, status = -1;
	char copy[256], *save;
	if (pipe(fd) != 0)
		exit(2);
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		passed = failed = 0;
		snprintf(copy, sizeof copy, "%s", environment);
		for (char *e = strtok_r(copy, " ", &save); e; e = strtok_r(NULL, " ", &save)) {
			char *eq = strchr(e, '=');
			*eq = 0;
			setenv(e, eq + 1, 1);
		}
		void *lib = dlopen(library, RTLD_NOW);
		fk = lib ? dlsym(lib, "fake") : NULL;
		CHECK(fk != NULL, "%s", dlerror());
		if (fk)
			f();
		tally[0] = passed, tally[1] = failed;
		exit(write(fd[1], tally, sizeof tally) == sizeof tally ? 0 : 3);
	}
	close(fd[1]);
	CHECK(read(fd[0], tally, sizeof tally) == sizeof tally, "%s with %s died", name, environment);
	close(fd[0]);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0, "%s with %s: status %x", name, environment, status);
	passed += tally[0], failed += tally[1];
	if (tally[1])
		printf("^ %s with %s\n", name, environment);
}

#define RUN(F, ENVIRONMENT) child(#F, F, ENVIRONMENT)

static void pattern(uint8_t *p, size_t n, unsigned seed)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 7 + i / 251 + seed);
}

static gj_image image_of(const char *code, const char *entry)
{
	return (gj_image){ .format = GJ_FMT_PTX, .code = (uint8_t *)code, .ncode = strlen(code), .entry = (char *)entry };
}

#endif
