/* SPDX-License-Identifier: Apache-2.0 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* One of the three streams: `ours` is the end kept here, `theirs` becomes descriptor 0, 1 or 2. */
struct channel {
	int ours;
	int theirs;
};

static void fail(const char *what)
{
	fprintf(stderr, "bulkhead: error: %s: %s\n", what, strerror(errno));
	exit(2);
}

static struct channel channel_open(bool input)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		fail("pipe");
	int ours = input ? ends[1] : ends[0];
	if (fcntl(ours, F_SETFL, O_NONBLOCK))
		fail("fcntl");
	return (struct channel){.ours = ours, .theirs = input ? ends[0] : ends[1]};
}

static void close_once(int *descriptor)
{
	if (*descriptor >= 0)
		close(*descriptor);
	*descriptor = -1;
}

/* A child must not inherit that SIGPIPE is ignored here. */
static int spawn(pid_t *child, const char *const argv[], const struct channel channels[3])
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t pipe_signal;

	posix_spawn_file_actions_init(&actions);
	for (int i = 0; i < 3; i++)
		posix_spawn_file_actions_adddup2(&actions, channels[i].theirs, i);
	posix_spawnattr_init(&attributes);
	sigemptyset(&pipe_signal);
	sigaddset(&pipe_signal, SIGPIPE);
	posix_spawnattr_setsigdefault(&attributes, &pipe_signal);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	/* posix_spawnp() does not write to argv; its type is older than const. */
	int error = posix_spawnp(child, argv[0], &actions, &attributes, (char **)(uintptr_t)argv,
				 environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

/* Writes what fits; closes the channel when all is written or the reader has gone. */
static void feed(struct channel *channel, const char *input, size_t size, size_t *done)
{
	while (*done < size) {
		ssize_t written = write(channel->ours, input + *done, size - *done);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0 && errno == EAGAIN)
			return;
		if (written < 0)
			break;
		*done += (size_t)written;
	}
	close_once(&channel->ours);
}

static void append(struct arena *arena, struct process_output *output, size_t *capacity,
		   const char *bytes, size_t count)
{
	if (output->size + count + 1 > *capacity) {
		*capacity = 2 * (output->size + count + 1);
		char *larger = arena_alloc(arena, *capacity);
		memcpy(larger, output->text, output->size);
		output->text = larger;
	}
	memcpy(output->text + output->size, bytes, count);
	output->size += count;
}

static void drain(struct arena *arena, struct channel *channel, struct process_output *output,
		  size_t *capacity)
{
	char bytes[16384];

	while (true) {
		ssize_t got = read(channel->ours, bytes, sizeof(bytes));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0)
			break;
		append(arena, output, capacity, bytes, (size_t)got);
	}
	close_once(&channel->ours);
}

static void converse(struct arena *arena, struct channel channels[3], const char *input,
		     size_t size, struct process_result *result)
{
	size_t done = 0;
	size_t capacity[2] = {1, 1};
	struct process_output *outputs[2] = {&result->out, &result->err};

	while (channels[1].ours >= 0 || channels[2].ours >= 0) {
		/* A negative descriptor is one that poll() leaves out. */
		struct pollfd wait[3] = {
			{.fd = channels[0].ours, .events = POLLOUT},
			{.fd = channels[1].ours, .events = POLLIN},
			{.fd = channels[2].ours, .events = POLLIN},
		};
		if (poll(wait, 3, -1) < 0 && errno != EINTR)
			fail("poll");
		if (channels[0].ours >= 0 && wait[0].revents)
			feed(&channels[0], input, size, &done);
		for (int i = 0; i < 2; i++)
			if (channels[i + 1].ours >= 0 && wait[i + 1].revents)
				drain(arena, &channels[i + 1], outputs[i], &capacity[i]);
	}
}

static int wait_for(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			fail("waitpid");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void process_run(struct arena *arena, const char *const argv[], const char *input,
		 size_t input_size, struct process_result *result)
{
	struct channel channels[3] = {channel_open(true), channel_open(false), channel_open(false)};
	pid_t child;

	*result = (struct process_result){
		.out.text = arena_strdup(arena, ""),
		.err.text = arena_strdup(arena, ""),
	};
	/* A program that stops reading shows as EPIPE, not as our own end. */
	void (*previous)(int) = signal(SIGPIPE, SIG_IGN);
	result->error = spawn(&child, argv, channels);
	for (int i = 0; i < 3; i++)
		close_once(&channels[i].theirs);
	if (!result->error) {
		converse(arena, channels, input, input_size, result);
		result->status = wait_for(child);
	}
	for (int i = 0; i < 3; i++)
		close_once(&channels[i].ours);
	signal(SIGPIPE, previous);
}
