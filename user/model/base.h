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
	unsigned seen_in; /* the last search for holders that found it */
	UT_hash_handle hh;
};

struct object_record {
	struct object_key key;
	struct object_value value;
	bool described; /* value is filled */
	__u64 latest_ns; /* of its descriptions; value.described_ns is of the first */
	bool scanned;   /* the holders of the object are known */
	char *path;     /* FIFO, shm: its path, or NULL; owned */
	bool shares;    /* shm: see model_mapped() */
	unsigned mapped_in; /* shm: the last snapshot in which a target mapped it, or had, 0: none */
	UT_hash_handle hh;
};

struct destination_record {
	__u64 key;
	struct destination_value value;
	UT_hash_handle hh;
};

struct flow {
	struct flow_key key;
	struct flow_counts window[WINDOW_COUNT];
	struct histogram sizes[WINDOW_COUNT];
	struct histogram blocked[WINDOW_COUNT];
	struct errno_list errnos; /* of all errors but EAGAIN */
	UT_hash_handle hh;
};

struct edge_record {
	struct edge edge; /* first: what views see */
	UT_hash_handle hh;
};

struct lock_record {
	struct lock lock; /* first: what views see */
	char id_text[64];
	unsigned holder_room;
	UT_hash_handle hh;
};

struct wait_record {
	struct wait wait; /* first: what views see */
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
	UT_hash_handle hh;
};

struct channel_record {
	struct channel channel; /* first: what views see */
	unsigned endpoint_room, flow_room;
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
	unsigned search;   /* counts searches for holders */
	__u32 epoch;       /* the period that this snapshot ends */
	uint64_t start_ns, last_ns; /* CLOCK_MONOTONIC */
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

/* Out of memory: model_end() will say so. */
void model_failed(struct model *model);

/* The record with this key in a table, or a new one that is all zero but for the key. */
#define FIND_OR_ADD(model, table, record, key_member, key_pointer)                                 \
	do {                                                                                       \
		HASH_FIND(hh, (table), (key_pointer), sizeof((record)->key_member), (record));     \
		if (!(record)) {                                                                   \
			(record) = calloc(1, sizeof(*(record)));                                   \
			if (!(record)) {                                                           \
				model_failed(model);                                               \
				return;                                                            \
			}                                                                          \
			(record)->key_member = *(key_pointer);                                     \
			HASH_ADD(hh, (table), key_member, sizeof((record)->key_member), (record)); \
		}                                                                                  \
	} while (0)

/* Takes over a histogram of the kernel's. */
void model_advance_time(struct model *model, struct histogram window[WINDOW_COUNT],
			const struct time_histogram *value);

/* locks.c: the interval's figures become 0; all that a lock owns is freed. */
void lock_begin(struct lock_record *record);
void lock_free(struct lock_record *record);

/* errnos.c: the same for counts by error number. */
void errno_list_begin(struct errno_list *list);
void errno_list_advance(struct model *model, struct errno_list *list, int error, uint64_t total);
void model_lock_errnos(struct model *model, const struct lock_key *key, int error, uint64_t total);
void errno_list_free(struct errno_list *list);

struct object_record *model_find_object(const struct model_base *base, const struct object_key *key);

/* derive.c: builds the lists of MODEL from its base. */
int model_derive(struct model *model);

#endif
