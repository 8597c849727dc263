// The common part of the help of commands that read a trace: the formats of FILE, and how sizes are written.

export const SIZES_HELP = 'Sizes are bytes, decimal or 0x hexadecimal, or with K, M, G, T (KiB and so on).';

export const FORMATS_HELP = `FILE has lines of any of these, with anything in between; - is standard input. They are told apart by the event's name:
  QEMU      kvm_convert_memory start 0x.. size 0x.. shared_to_private|private_to_shared
  KVM       kvm_vm_set_mem_attributes: 0xFRAME -- 0xFRAME [0x8|0x0]      (ftrace, trace-cmd report, perf script)
  QEMU      ram_block_attributes_state_change offset 0x.. size 0x.. from 'discarded' to 'populated'
  QEMU      kvm_hc_map_gpa_range gpa 0x.. size 0x.. attributes 0x.. flags 0x..
            kvm_memory_fault start 0x.. size 0x.. flags 0x..
  CH        KVM_HC_MAP_GPA_RANGE: address=0x.., pages=N, attributes=0x..  (Cloud Hypervisor, -vv)
  KVM       kvm_hypercall: nr 0xc a0 GPA a1 PAGES a2 ATTRIBUTES
            kvm_vmgexit_msr_protocol_enter: vcpu N, ghcb_gpa REGISTER     (SNP, early boot)
QEMU's may be as its log has them or as simpletrace.py prints them. Several of these events tell of one conversion: those
that come first in this list are applied, the others are counted. kvm_set_user_memory lines before the first conversion to
shared are the memory layout. A line that names an event and cannot be read is an error.`;
