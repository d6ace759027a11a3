/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acpi.h"
#include "emit_output.h"

extern char **environ;

/* Starts iasl with its output going to `output`; 0 or an errno. */
static int start_iasl(pid_t *child, const char *prefix, const char *source, int output)
{
	char *const arguments[] = {"iasl", "-we", "-p", (char *)prefix, (char *)source, NULL};
	posix_spawn_file_actions_t actions;
	int error = posix_spawn_file_actions_init(&actions);

	if (error != 0)
		return error;
	error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", 0, 0);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
	if (error == 0)
		error = posix_spawnp(child, arguments[0], &actions, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

/* The program's exit status, or -1 when it did not exit by itself. */
static int wait_for(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return -1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool start_failed(int error)
{
	if (error == ENOENT)
		return output_fail("iasl was not found; it compiles the ACPI tables of the VMs. "
				   "Install the Debian package acpica-tools");
	return output_fail("cannot run iasl: %s", strerror(error));
}

static void copy_to_stderr(FILE *log)
{
	char buffer[4096];
	size_t got;

	rewind(log);
	while ((got = fread(buffer, 1, sizeof(buffer), log)) != 0)
		fwrite(buffer, 1, got, stderr);
}

/* A file instead of a pipe: iasl can't block on it, however much it has to say. */
static bool run_iasl(const char *prefix, const char *source, FILE *log)
{
	pid_t child;
	int error = start_iasl(&child, prefix, source, fileno(log));
	int status;

	if (error != 0)
		return start_failed(error);
	status = wait_for(child);
	if (status == 0)
		return true;
	copy_to_stderr(log);
	return output_fail("iasl does not accept %s (status %d)", source, status);
}

bool acpi_compile(const char *directory, const char *name)
{
	char *prefix = output_path(directory, name);
	char *source = NULL;
	FILE *log = tmpfile();
	bool ok = false;

	if (log == NULL)
		output_fail("cannot create a temporary file: %s", strerror(errno));
	else if (prefix != NULL && asprintf(&source, "%s.asl", prefix) < 0)
		output_fail("out of memory");
	else if (prefix != NULL)
		ok = run_iasl(prefix, source, log);
	if (log != NULL)
		fclose(log);
	free(source);
	free(prefix);
	return ok;
}
