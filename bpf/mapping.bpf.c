// SPDX-License-Identifier: GPL-2.0
/*
 * Who has mapped which shared memory since it is traced: by mmap, by shmat, by being born. When a mapping
 * ends is not kept here: the loader looks at the mappings that there are, from time to time.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "area.bpf.h"
#include "health.bpf.h"
#include "kernel.bpf.h"
#include "mapping.bpf.h"
#include "mechanisms.bpf.h"
#include "object.bpf.h"
#include "table.bpf.h"

#define MAX_MAPPINGS 65536
#define MAX_AREAS 262144 /* and gaps of a process; vm.max_map_count is 65530 where nobody has raised it */

/* include/uapi/linux/mman.h and asm-generic/mman-common.h */
#define PROT_WRITE 0x2
#define MAP_SHARED 0x01
#define MAP_SHARED_VALIDATE 0x03
#define MAP_TYPE 0x0f
#define MAP_ANONYMOUS 0x20

/* include/linux/mm.h */
#define VM_WRITE 0x2UL
#define VM_MAYSHARE 0x80UL

#define SHM_RDONLY 010000 /* include/uapi/linux/shm.h */
#define MAX_ERRNO 4095 /* include/linux/err.h */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, MAX_MAPPINGS);
	__type(key, struct mapping_key);
	__type(value, struct mapping_value);
} mappings SEC(".maps");

static __always_inline void add(const struct mapping_key *key, bool can_write, __u64 now)
{
	struct mapping_value *known = bpf_map_lookup_elem(&mappings, key);
	struct mapping_value value = {.mapped_ns = now, .can_write = can_write};

	if (known) {
		known->can_write |= can_write;
		return;
	}
	/* Two threads at once: the first is right. */
	table_insertion(TABLE_mappings, bpf_map_update_elem(&mappings, key, &value, BPF_NOEXIST));
	known = bpf_map_lookup_elem(&mappings, key);
	if (!known)
		health_count(HEALTH_MAP_FULL);
	else
		known->can_write |= can_write;
}

/* Adds the memory behind FILE to what PROCESS has mapped. */
static __always_inline enum memory add_file(const struct process_key *process, __u64 file, bool can_write,
					    __u64 now)
{
	struct mapping_key key = {.process = *process};
	enum memory memory = shm_identify(file, &key.object);
	struct object_value *object;

	if (memory == MEMORY_NONE)
		return memory;
	object = object_get(&key.object);
	if (!object && shm_shares(file, memory))
		object = object_make(&key.object);
	if (!object)
		return memory;
	shm_describe(file, memory, object); /* its size may have changed */
	entry_met(TABLE_objects, &object->state);
	add(&key, can_write, now);
	return memory;
}

static __always_inline void enter_shmat(struct task_struct *task, struct call *call)
{
	struct object_key object = {.mechanism = MECH_SYSV_SHM};

	call->file = sysv_identify(task, call->arguments[0], &object);
	call->object = object.object;
	call->aux = object.aux;
	if (!call->file)
		call->operation = OP_NONE;
}

static __always_inline void enter_mmap(struct task_struct *task, struct call *call)
{
	__u32 flags = call->arguments[3], type = flags & MAP_TYPE;

	call->file = 0;
	if ((type != MAP_SHARED && type != MAP_SHARED_VALIDATE) || !is_wanted(MECH_SHM))
		call->operation = OP_NONE;
	else if (!(flags & MAP_ANONYMOUS))
		call->file = object_file(task, call->arguments[4]);
}

__hidden int mapping_enter(struct task_struct *task, struct thread *thread)
{
	struct call *call = &thread->call;

	if (call->operation == OP_SHMAT)
		enter_shmat(task, call);
	else
		enter_mmap(task, call);
	/* Before anybody can see the mapping, so that a look at all mappings tells old ones from new ones. */
	if (call->operation != OP_NONE)
		call->destination = bpf_ktime_get_ns();
	return 0;
}

static __always_inline void exit_mmap(struct task_struct *task, const struct thread *thread,
				      const struct call *call, __u64 address)
{
	bool can_write = call->arguments[2] & PROT_WRITE;
	__u64 file = call->file;

	if (file && add_file(&thread->process, file, can_write, call->destination) != MEMORY_NONE)
		return;
	file = area_file(task, address);
	if (file)
		add_file(&thread->process, file, can_write, call->destination);
}

static __always_inline void exit_shmat(const struct thread *thread, const struct call *call)
{
	struct mapping_key key = {
		.process = thread->process,
		.object = {.object = call->object, .aux = call->aux, .mechanism = MECH_SYSV_SHM},
	};

	object_remember(call->file, &key.object);
	add(&key, !(call->arguments[2] & SHM_RDONLY), call->destination);
}

__hidden int mapping_exit(struct task_struct *task, struct thread *thread, struct call *call, long result)
{
	if (result < 0 && result >= -MAX_ERRNO)
		return 0;
	if (call->operation == OP_SHMAT)
		exit_shmat(thread, call);
	else
		exit_mmap(task, thread, call, result);
	return 0;
}

extern int bpf_iter_task_vma_new(struct bpf_iter_task_vma *iterator, struct task_struct *task,
				 __u64 address) __ksym __weak;
extern struct vm_area_struct *bpf_iter_task_vma_next(struct bpf_iter_task_vma *iterator) __ksym __weak;
extern void bpf_iter_task_vma_destroy(struct bpf_iter_task_vma *iterator) __ksym __weak;

static __always_inline void take_area(const struct process_key *process, unsigned long flags, __u64 file,
				      __u64 now)
{
	if ((flags & VM_MAYSHARE) && file)
		add_file(process, file, flags & VM_WRITE, now);
}

/* A child's mappings as bpf_loop() goes through them. */
struct birth {
	struct process_key process;
	__u64 mm, address, now;
};

static const __u64 first_address = 0;

static long next_area(__u32 index, struct birth *birth)
{
	struct vm_area_struct *area;
	unsigned long flags = 0;
	__u64 file = 0, last = 0;

	(void)index;
	area = (struct vm_area_struct *)area_at(birth->mm, birth->address, &last);
	if (area) {
		bpf_core_read(&flags, sizeof(flags), &area->vm_flags);
		bpf_core_read(&file, sizeof(file), &area->vm_file);
		take_area(&birth->process, flags, file, birth->now);
	}
	birth->address = last + 1;
	return !birth->address;
}

static __always_inline void take_all_areas(struct task_struct *child, const struct process_key *process,
					   __u64 now)
{
	struct bpf_iter_task_vma iterator;
	struct vm_area_struct *area;

	bpf_iter_task_vma_new(&iterator, child, 0);
	while ((area = bpf_iter_task_vma_next(&iterator)))
		take_area(process, area->vm_flags, (__u64)area->vm_file, now);
	bpf_iter_task_vma_destroy(&iterator);
}

__hidden int mapping_fork(struct task_struct *child, const struct process_key *process)
{
	/* Not the time now: a look at all mappings may have found the child already. */
	struct birth birth = {.process = *process, .now = child->start_time};

	if (!is_wanted(MECH_SHM) && !is_wanted(MECH_SYSV_SHM))
		return 0;
	if (have_vma_iterator) {
		take_all_areas(child, process, birth.now);
	} else if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop)) {
		bpf_core_read(&birth.mm, sizeof(birth.mm), &child->mm);
		/* Before 6.7 (bb124da69c47) a known value would stay what it is for the verifier. */
		bpf_probe_read_kernel(&birth.address, sizeof(birth.address), &first_address);
		bpf_loop(MAX_AREAS, next_area, &birth, 0);
	}
	return 0;
}

__hidden bool mapping_describe(struct vm_area_struct *area, struct mapping_record *record)
{
	unsigned long flags = area->vm_flags;
	__u64 file = (__u64)area->vm_file;
	enum memory memory;

	if (!(flags & VM_MAYSHARE) || !file)
		return false;
	memory = shm_identify(file, &record->key);
	if (memory == MEMORY_NONE)
		return false;
	record->start = area->vm_start;
	record->bytes = area->vm_end - area->vm_start;
	record->can_write = !!(flags & VM_WRITE);
	record->shares = shm_shares(file, memory);
	shm_describe(file, memory, &record->value);
	return true;
}

TABLE_DELETE(mappings, struct mapping_key)
