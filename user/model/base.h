/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The base figures behind the model: one record for each entry of the kernel's tables, with the
 * figures of the run and of the last interval. A source (the live maps, later a file) feeds it
 * between model_begin() and model_end(); model_end() derives what views read.
 */
#ifndef IPCTRACE_MODEL_BASE_H
#define IPCTRACE_MODEL_BASE_H

#include <sys/types.h>
#include <uthash.h>

#include "model/model.h"

struct process_record {
	struct process process; /* first: what views see */
	bool named; /* comm and ppid are known */
	__u32 image, read_image; /* as in process_value; one more than it when names were last read */
	unsigned seen_in; /* the last search for holders that found it */
	unsigned needed_in;          /* forget.c: the snapshot that last needed it, also in others */
	struct process_counts gone; /* of its flows and locks that are forgotten */
	UT_hash_handle hh;
};

struct object_record {
	struct object_key key;
	struct object_value value;
	bool described; /* value is filled */
	__u64 latest_ns; /* of its descriptions; value.described_ns is of the first */
	bool scanned;   /* the holders of the object are known */
	bool is_indexed; /* see index.c: under the key that it has for good */
	/* The channel of what goes through it in each direction, as far as that does not depend on a destination. */
	struct {
		struct channel_record *record; /* NULL: to be identified */
		bool is_settled;   /* it depends on no other object */
		unsigned identity; /* base->identities when it was identified */
	} channel[DIRECTION_COUNT];
	char *path;     /* FIFO, shm: its path, or NULL; owned */
	unsigned needed_in;
	bool shares;    /* shm: see model_mapped() */
	unsigned mapped_in; /* shm: the last snapshot in which a target mapped it, or had, 0: none */
	UT_hash_handle hh;
};

struct destination_record {
	__u64 key;
	struct destination_value value;
	unsigned needed_in;
	UT_hash_handle hh;
};

struct flow {
	struct flow_key key;
	__u32 used;     /* as in entry_state */
	bool active;    /* one of base->active */
	bool taken_out; /* of the kernel's table; has not come back */
	struct flow *next_active;
	struct process *process;      /* NULL: not looked up yet */
	struct object_record *object; /* the same */
	struct channel_record *channel; /* of the last snapshot */
	unsigned endpoint; /* of its channel: index in the last snapshot */
	unsigned process_end; /* the same of the process that is its channel */
	struct flow_past *past; /* past.h; NULL: it has never been taken out, or not come back */
	struct flow_counts window[WINDOW_COUNT];
	struct histogram sizes[WINDOW_COUNT];
	struct histogram blocked[WINDOW_COUNT];
	struct errno_list errnos; /* of all errors but EAGAIN */
	UT_hash_handle hh;
};

struct edge_record {
	struct edge edge; /* first: what views see */
	bool taken_out; /* as in struct flow */
	uint64_t past_messages, past_bytes;
	struct object_record *object; /* NULL: not looked up yet */
	UT_hash_handle hh;
};

struct lock_record {
	struct lock lock; /* first: what views see */
	char id_text[64];
	unsigned holder_room;
	bool taken_out; /* as in struct flow */
	struct lock_past *past;
	UT_hash_handle hh;
};

struct wait_record {
	struct wait wait; /* first: what views see */
	__u32 used;     /* as in entry_state */
	bool taken_out; /* as in struct flow */
	typeof(((struct wait *)NULL)->window[0]) past;
	UT_hash_handle hh;
};

/* A process that holds an object open. */
struct holder {
	struct {
		struct process_key process;
		struct object_key object;
	} key;
	bool can_read, can_write;
	unsigned seen_in; /* the last search that found it */
	struct process_record *process; /* NULL: not looked up yet */
	struct object_record *object;   /* the same */
	UT_hash_handle hh;
};

/* A process that maps a memory object, or has mapped it since the start. */
struct mapper {
	struct mapping_key key;
	bool can_write;
	uint64_t mapped_ns; /* as in mapping_value, 0: not seen */
	uint64_t found_ns;  /* CLOCK_MONOTONIC: when a search found it for the first time, 0: never */
	uint64_t bytes;     /* as of the search SEEN_IN */
	unsigned seen_in;   /* the last search that found it */
	bool taken_out; /* as in struct flow: the process has ended */
	UT_hash_handle hh;
};

struct channel_record {
	struct channel channel; /* first: what views see */
	unsigned endpoint_room, flow_room;
	unsigned old_endpoints; /* as many there were in the last snapshot: behind the new ones they are still there */
	bool is_as_before;      /* the endpoints up to now are those of the last snapshot, in its order */
	const struct object_record *named_by;
	bool is_forgotten; /* its figures are only in those of its processes */
	unsigned used_in; /* the snapshot that last had something to say of it */
	uint64_t mapped_ns, found_ns; /* shm: the earliest of struct mapper */
	bool was_incomplete; /* a search for its other end has been asked for */
	UT_hash_handle hh;
};

struct model_base {
	struct process_record *processes;
	struct object_record *objects;
	struct index_list *index; /* index.c */
	struct destination_record *destinations;
	struct flow *flows;
	struct edge_record *edges;
	struct lock_record *locks;
	struct wait_record *waits;
	struct holder *holders;
	struct mapper *mappers;
	struct channel_record *channels;
	unsigned snapshot; /* counts derivations */
	unsigned identities; /* counts changes of what is known of objects whose peers are found by it */
	unsigned search;   /* counts searches for holders */
	uint64_t evicted_channels; /* forget.c */
	__u32 epoch;       /* the period that this snapshot ends */
	struct flow *active; /* those that were fed in this interval */
	bool interval_goes_on; /* the last snapshot was only a part of its interval */
	uint64_t start_ns, interval_ns, last_ns; /* CLOCK_MONOTONIC: of the run, of the interval, the last snapshot */
	uint64_t clock_offset_ns; /* wall clock less CLOCK_MONOTONIC, at the first snapshot */
	uint64_t searched_ns; /* CLOCK_MONOTONIC: when the last search began */
	dev_t posix_shm_device; /* of the file system of POSIX shared memory, 0: unknown */
	__u32 own_netns; /* inode number of our network namespace, 0: unknown */
	int error; /* first -ENOMEM since model_begin() */
};

/* A new, empty model whose run begins at NOW_NS (CLOCK_MONOTONIC). NULL: out of memory. */
struct model *model_new(uint64_t now_ns);
void model_free(struct model *model);

/* Begins a snapshot: the interval's figures become 0. EPOCH is the period that it ends. */
void model_begin(struct model *model, uint64_t now_ns, uint64_t wall_ns, __u32 epoch);

/* The snapshot was only a part of its interval: the next one goes on with it. */
void model_go_on(struct model *model);

/* Feeding. Values are the kernel's running totals; the differences are taken here. */
void model_processes(struct model *model, const struct process_key *key,
		     const struct process_value *value);
void model_objects(struct model *model, const struct object_key *key,
		   const struct object_value *value);
void model_destinations(struct model *model, const __u64 *key, const struct destination_value *value);
void model_flows(struct model *model, const struct flow_key *key, const struct flow_value *value);
void model_edges(struct model *model, const struct edge_key *key, const struct edge_value *value);
void model_mappings(struct model *model, const struct mapping_key *key, const struct mapping_value *value);
void model_flow_sleeps(struct model *model, const struct flow_key *key,
		       const struct time_histogram *value);
void model_locks(struct model *model, const struct lock_key *key, const struct lock_value *value);
void model_lock_sleeps(struct model *model, const struct lock_key *key,
		       const struct time_histogram *value);
void model_file_locks(struct model *model, const struct lock_key *key, const struct file_lock_value *value);
void model_file_lock_sleeps(struct model *model, const struct lock_key *key, const struct time_histogram *value);
void model_waits(struct model *model, const struct wait_key *key, const struct wait_value *value);

/* Failed calls of one error, before the flow's or lock's own figures: these must not be older. */
void model_errnos(struct model *model, const struct flow_key *key, const __u64 *value);

/* An entry has been fed for the last time: it is no longer in TABLE of the kernel. */
void model_taken_out(struct model *model, enum kernel_table table, const void *key);

/*
 * Forgets what is idle, if there is too much of it. Between model_begin() and model_end(). Returns 0 or -ENOMEM.
 */
int model_forget(struct model *model);

/* Give a record back that is in no table any more. */
void process_free(struct process_record *record);
void object_free(struct object_record *record);
void flow_free(struct flow *flow);
void lock_free(struct lock_record *record);
void channel_free(struct channel_record *record);

/* What names depend on: inode number of our network namespace, where shm_open() puts objects (0: unknown). */
void model_know_host(struct model *model, __u32 netns, dev_t posix_shm_device);

/* A search for all holders begins; what it does not find again has been closed, or is not mapped any more. */
void model_begin_holders(struct model *model, uint64_t now_ns);

/* The search is over: forgets mappings that tell nothing. */
void model_end_holders(struct model *model);

/* A process holds an object open. PATH: of a FIFO, or NULL. */
void model_holder(struct model *model, const struct holder_record *record, const char *path);

/*
 * A process has a shared mapping. PATH: of a file, or NULL. Objects of which no record says that it shares
 * something (RECORD->shares) are no channels.
 */
void model_mapped(struct model *model, const struct mapping_record *record, const char *path);

/* What a lock is called; NAME is copied. */
void model_name_lock(struct model *model, struct lock *lock, const char *name);

/*
 * The record of the locks on a file, by inode and device (the kernel's dev_t), made where ADD says so. NULL:
 * there is none, or no memory.
 */
struct lock_record *model_file_lock(struct model *model, __u64 inode, __u32 device, bool add);

/* A look at who holds and waits for locks on files begins: LOCK is among those looked at. */
void model_look_begin(struct lock *lock);

/* Process PID holds LOCK in this look; 0: nobody knows who. COMM: its name, or empty. */
void model_lock_holder(struct model *model, struct lock *lock, __u32 pid, const char *comm);

/* One more thread of a target waits for LOCK in this look. */
void model_lock_waiter(struct lock *lock);

/* The process with this pid that is a target and lives, or NULL. */
const struct process *model_target(const struct model *model, __u32 pid);

/* Ends a snapshot: derives the lists. Returns 0 or -ENOMEM. */
int model_end(struct model *model);

/*
 * Is there a channel of which only one end is known, and that nobody has searched yet? Asking
 * marks it as searched.
 */
bool model_wants_holders(struct model *model);

struct object_record *model_find_object(const struct model_base *base, const struct object_key *key);

/* derive.c: builds the lists of MODEL from its base. */
int model_derive(struct model *model);

#endif
