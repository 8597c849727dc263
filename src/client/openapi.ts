// Made from openapi/openapi.json by scripts/write-client-types.ts; do not edit.

export interface paths {
    "/v1/ram-blocks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List RAM blocks, oldest first */
        get: operations["listRamBlocks"];
        put?: never;
        /** Create a RAM block, all private */
        post: operations["createRamBlock"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ram-blocks/{ramBlockId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a RAM block */
        get: operations["getRamBlock"];
        put?: never;
        post?: never;
        /**
         * Delete a RAM block
         * @description A block with listeners is deleted by force only: they are unregistered first, without waiting for dead ones.
         */
        delete: operations["deleteRamBlock"];
        options?: never;
        head?: never;
        /**
         * Resize a RAM block within its maxLength
         * @description New pages are discarded in every source. Pages that are cut off are discarded at the listeners first. Sections without a size of their own follow the end.
         */
        patch: operations["resizeRamBlock"];
        trace?: never;
    };
    "/v1/ram-blocks/{ramBlockId}/conversions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The last 10,000 committed changes, newest first */
        get: operations["listConversions"];
        put?: never;
        /**
         * Convert a range to shared or private
         * @description Listeners are told before the answer. Pages that are in the wanted state already are left alone, and nobody is told.
         */
        post: operations["convert"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ram-blocks/{ramBlockId}/conversion-batches": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Convert several ranges, in order, all of them or none
         * @description One change of the block and one durable write; a listener gets one delivery for each change of direction.
         */
        post: operations["convertBatch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/machines/{machine}/conversions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Convert a range of guest physical addresses
         * @description Cut at the borders of blocks, and done in all of them or none. A hole is ignored when converting to shared and an error to private. If-Match is refused here: a machine has no generation.
         */
        post: operations["convertGuestMemory"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ram-blocks/{ramBlockId}/sources/{sourceId}/changes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Populate or discard a range in one source
         * @description Listeners hear of it where all other sources are populated.
         */
        post: operations["changeSource"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/machines": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the machines that have blocks, by name */
        get: operations["listMachines"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/machines/{machine}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a machine: its blocks and their totals */
        get: operations["getMachine"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ram-blocks/{ramBlockId}/state": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether a range is populated, and what RamBlockAttributes says of it */
        get: operations["getState"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ram-blocks/{ramBlockId}/sections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Maximal runs of populated or discarded pages, ascending
         * @description Cut to the window. Send the ETag of the first page as If-Match with the next ones: they fit together then.
         */
        get: operations["listSections"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ram-blocks/{ramBlockId}/density": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How many pages are populated in each cell of a window */
        get: operations["getDensity"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ram-blocks/{ramBlockId}/bitmap": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The bitmap of a window, one bit per page
         * @description Bit i of byte j is page 8j+i of the window, 1 = populated. The window is page aligned; at most 64 MiB.
         */
        get: operations["getBitmap"];
        /**
         * Make RamBlockAttributes what a bitmap says, as one change
         * @description The bytes that GET gives, at most 64 MiB: bit i of byte j is page 8j+i from `offset` on, 1 = shared. `size` says where the window ends, in bytes of memory; left out, it ends where the block does. A body that does not have one bit for each page of the window changes nothing. Listeners are told of the differences: first of what turns private, then of what turns shared.
         */
        put: operations["setBitmap"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ram-blocks/{ramBlockId}/sources": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the sources of a block, oldest first */
        get: operations["listSources"];
        put?: never;
        /**
         * Add a source
         * @description Listeners are told to discard the pages that it takes away; if one does not acknowledge, the source is not added.
         */
        post: operations["addSource"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ram-blocks/{ramBlockId}/sources/{sourceId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a source */
        get: operations["getSource"];
        put?: never;
        post?: never;
        /**
         * Remove a source
         * @description Listeners are told to populate the pages that this gives back; if one refuses, the source stays. RamBlockAttributes is removed by force only, because all private memory becomes populated.
         */
        delete: operations["removeSource"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ram-blocks/{ramBlockId}/listeners": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List the listeners of a block, oldest first */
        get: operations["listListeners"];
        put?: never;
        /**
         * Register a listener
         * @description All that is populated in its section is replayed to it: to a sync one before this is answered, to an async one after that. Where it fails and certainly nothing was sent, no listener is left; where a sync one may have mapped something, it is `removing` until it acknowledges a discard of its section.
         */
        post: operations["registerListener"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ram-blocks/{ramBlockId}/listeners/{listenerId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Get a listener */
        get: operations["getListener"];
        put?: never;
        post?: never;
        /**
         * Unregister a listener
         * @description A sync one must acknowledge the discard of its section, or it stays; an async one is `removing` until it has. Forced, the device is gone: what is being sent to it is broken off and counts as unanswered, and nothing more is sent to it.
         */
        delete: operations["unregisterListener"];
        options?: never;
        head?: never;
        /** Change the address, deadline or description of a listener; pause and resume an async one */
        patch: operations["updateListener"];
        trace?: never;
    };
    "/v1/ram-blocks/{ramBlockId}/listeners/{listenerId}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The last 1000 attempts to send something to a listener, newest first
         * @description Best effort: attempts since the service started.
         */
        get: operations["listDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ram-blocks/{ramBlockId}/listeners/{listenerId}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Discard the section at the listener and populate it again */
        post: operations["replayListener"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ram-blocks/{ramBlockId}/listeners/{listenerId}/secret-rotations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give a listener another secret
         * @description Deliveries are signed with both while the grace lasts, space separated.
         */
        post: operations["rotateSecret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ram-blocks/{ramBlockId}/listeners/{listenerId}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send what is pending to an async listener, or what settles a sync one, now
         * @description Not when the schedule has it. A sync listener must have something unsettled.
         */
        post: operations["retryListener"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/ram-blocks/{ramBlockId}/listeners/{listenerId}/skip": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give up the oldest pending delivery to an async listener
         * @description Its ranges follow behind all that is pending, with reason `recovery`, as they are then.
         */
        post: operations["skipDelivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow everything that happens, as Server-Sent Events
         * @description Only of what is committed and durable; in order for each machine. `event:` is one of `ram_block.created`, `ram_block.deleted`, `ram_block.resized`, `conversion.committed`, `conversion.failed`, `source.added`, `source.changed`, `source.removed`, `listener.created`, `listener.updated`, `listener.deleted`, `listener.failing`, `listener.settled`, `delivery.failed`; `data:` is JSON: `machine`, `ramBlockId`, `generation`, `at`, and the resource as its GET answers (of a conversion, the first 100 runs). A comment comes every 15 seconds. A reader that does not read is cut off.
         */
        get: operations["followEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/plans": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Say what the conversions of a recorded trace would need
         * @description The body is the trace, at most 256 MiB: lines of conversions as QEMU, KVM (ftrace, trace-cmd, perf) or Cloud Hypervisor log them, with anything in between. They are told apart by the event's name: `kvm_convert_memory`, `kvm_vm_set_mem_attributes`, `ram_block_attributes_state_change`, `kvm_hc_map_gpa_range`, `kvm_memory_fault`, `KVM_HC_MAP_GPA_RANGE`, `kvm_hypercall`, `kvm_vmgexit_msr_protocol_enter`. Where several of these tell of the same conversions, `lines.chosen` says which are applied, and why. `kvm_set_user_memory` lines before the first conversion to shared are the memory layout, unless `map` is given. A line that names an event and cannot be read is `invalid-request`, with its number and text. Nothing is changed, so an Idempotency-Key is not looked at.
         */
        post: operations["planTrace"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/livez": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Is the process alive? */
        get: operations["getLivez"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Does the service accept changes?
         * @description 503 while the service starts (the detail says how far it is) or drains, and while the journal cannot be written or does not answer.
         */
        get: operations["getReadyz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Counters for Prometheus */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document */
        get: operations["getOpenApi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export interface webhooks {
    populate: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sections are about to become usable */
        post: operations["receivePopulate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    discard: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sections are about to become unusable */
        post: operations["receiveDiscard"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export interface components {
    schemas: {
        /**
         * Format: int64
         * @description Bytes, 0 to 2^53-1.
         */
        Bytes: number;
        /**
         * Format: int64
         * @description A number of things, 0 to 2^53-1.
         */
        Count: number;
        /**
         * @description Bytes: an integer, or a string that is decimal, hexadecimal ("0x200000") or has a binary suffix ("2M", "16GiB"; K, M, G, T, each with or without iB). At most 2^53-1.
         * @example 2M
         * @example 0x200000
         * @example 2097152
         */
        ByteSize: number | string;
        /** @description A byte range of a RAM block. */
        Section: {
            offset: components["schemas"]["Bytes"];
            size: components["schemas"]["Bytes"];
        };
        /** @description A byte range of a RAM block. */
        NewSection: {
            offset: components["schemas"]["ByteSize"];
            size: components["schemas"]["ByteSize"];
        };
        /** @description A part of the request that is not valid. */
        InvalidField: {
            /** @description JSON pointer into the body, or the name of a parameter. */
            pointer: string;
            detail: string;
        };
        /** @description RFC 9457 problem document. */
        Problem: {
            type: string;
            title: string;
            status: number;
            /** @description For people. */
            detail: string;
            /** @description This request, as the log names it. */
            instance: string;
            /**
             * @description For programs. The table is closed per version; treat an unknown code by its status.
             * @enum {string}
             */
            code: "invalid-request" | "cursor-invalid" | "unauthorized" | "forbidden" | "not-found" | "method-not-allowed" | "not-acceptable" | "request-timeout" | "already-exists" | "has-listeners" | "no-attributes" | "coordinated-discard-required" | "not-resizeable" | "section-cut" | "listener-not-async" | "listener-refused" | "limit-reached" | "mapping-limit" | "idempotency-key-in-use" | "events-expired" | "generation-mismatch" | "payload-too-large" | "unsupported-media-type" | "invalid-range" | "too-many-runs" | "idempotency-key-reused" | "target-not-allowed" | "rate-limited" | "headers-too-large" | "internal" | "listener-unreachable" | "discard-unacknowledged" | "listener-unsettled" | "overloaded" | "journal-unavailable" | "not-owner";
            /**
             * @description The errno that QEMU or the listener would give.
             * @example EINVAL
             */
            errno?: string;
            errors?: components["schemas"]["InvalidField"][];
            ramBlockId?: string;
            /** @description null where several listeners are concerned, and where a registration failed and left no listener behind. */
            listenerId?: string | null;
            /** @description HTTP status of its answer. */
            listenerStatus?: number | null;
            listenerDetail?: string | null;
            /** @description Listeners that are again as they were before the change. */
            rolledBack?: string[];
            /** @description Listeners that owe the acknowledgement of a discard. */
            unacknowledged?: string[];
            /** @description Listeners with unsettled ranges, which are being settled. */
            unsettled?: string[];
            /** @description The ranges of unknown state; the first 1000. */
            sections?: components["schemas"]["Section"][];
            /**
             * Format: int64
             * @description DMA mappings that the listener would need.
             */
            needed?: number;
            /**
             * Format: int64
             * @description DMA mappings that it may have; blocks, listeners or sources that there may be.
             */
            limit?: number;
        };
        /** @description The answer to a probe. */
        Health: {
            /** @enum {string} */
            status: "alive" | "ready";
        };
        /** @description An OpenAPI 3.1 document. */
        OpenApiDocument: {
            [key: string]: unknown;
        };
        /** @description usedLength: a multiple of pageSize, at most 64 TiB. maxLength: makes the block resizeable. pageSize: a power of two, at least 4096 (the default). */
        NewRamBlock: {
            /**
             * @description QEMU's name of the block, unique in its machine; without control characters.
             * @example pc.ram
             */
            idstr: string;
            usedLength: components["schemas"]["ByteSize"];
            maxLength?: components["schemas"]["ByteSize"];
            pageSize?: components["schemas"]["ByteSize"];
            /**
             * @default default
             * @example default
             */
            machine?: string;
            /** @description Guest physical address; page aligned. */
            gpa?: components["schemas"]["ByteSize"] | null;
            /**
             * @description false makes a block without RamBlockAttributes.
             * @default true
             */
            guestMemfd?: boolean;
        };
        /** @description A multiple of the page size, at most the block's maxLength. */
        RamBlockUpdate: {
            usedLength: components["schemas"]["ByteSize"];
        };
        /** @description The AND of all sources. */
        RamBlockPopulated: {
            pages: components["schemas"]["Count"];
            bytes: components["schemas"]["Bytes"];
            runs: components["schemas"]["Count"];
        };
        /** @description RamBlockAttributes alone. */
        RamBlockAttributes: {
            bitmapSize: components["schemas"]["Count"];
            sharedBytes: components["schemas"]["Bytes"];
            privateBytes: components["schemas"]["Bytes"];
        };
        RamBlock: {
            id: string;
            machine: string;
            idstr: string;
            ramAddr: components["schemas"]["Bytes"];
            /** @description Guest physical address, where the block has one. */
            gpa: components["schemas"]["Bytes"] | null;
            usedLength: components["schemas"]["Bytes"];
            maxLength: components["schemas"]["Bytes"];
            pageSize: components["schemas"]["Bytes"];
            flags: ("guest_memfd" | "resizeable")[];
            /** @description The smallest granularity of the sources; null without one. */
            minGranularity: components["schemas"]["Bytes"] | null;
            populated: components["schemas"]["RamBlockPopulated"];
            /** @description null on a block without. */
            attributes: components["schemas"]["RamBlockAttributes"] | null;
            sourceCount: components["schemas"]["Count"];
            listenerCount: components["schemas"]["Count"];
            /**
             * Format: int64
             * @description Grows by one with every committed change of the block.
             */
            generation: number;
            /** Format: date-time */
            createdAt: string;
        };
        RamBlockList: {
            items: components["schemas"]["RamBlock"][];
            /** @description null on the last page. */
            nextCursor: string | null;
        };
        /** @description A page that the range touches counts whole. */
        RangeState: {
            offset: components["schemas"]["Bytes"];
            size: components["schemas"]["Bytes"];
            /** @description No page of it is discarded. */
            populated: boolean;
            populatedBytes: components["schemas"]["Bytes"];
            /** @description RamBlockAttributes alone. */
            state: ("shared" | "private" | "mixture") | null;
            /**
             * Format: int64
             * @description Grows by one with every committed change of the block.
             */
            generation: number;
        };
        SectionList: {
            items: components["schemas"]["Section"][];
            /** @description null on the last page. */
            nextCursor: string | null;
            /**
             * Format: int64
             * @description Grows by one with every committed change of the block.
             */
            generation: number;
        };
        /** @description All cells have `pagesPerCell` pages; the last may have fewer. */
        Density: {
            /** @description The populated pages of each cell. */
            cells: components["schemas"]["Count"][];
            pagesPerCell: components["schemas"]["Count"];
            /**
             * Format: int64
             * @description Grows by one with every committed change of the block.
             */
            generation: number;
        };
        /** @description Page aligned, not empty, within the block. */
        NewConversion: {
            offset: components["schemas"]["ByteSize"];
            size: components["schemas"]["ByteSize"];
            /** @enum {string} */
            to: "shared" | "private";
        };
        /** @description Aligned to the source's granularity. */
        SourceChange: {
            offset: components["schemas"]["ByteSize"];
            size: components["schemas"]["ByteSize"];
            /** @enum {string} */
            to: "populated" | "discarded";
        };
        Conversion: {
            /** @description null if nothing changed. */
            id: string | null;
            ramBlockId: string;
            offset: components["schemas"]["Bytes"];
            size: components["schemas"]["Bytes"];
            /** @enum {string} */
            to: "shared" | "private" | "populated" | "discarded";
            /** @enum {string} */
            from: "shared" | "private" | "populated" | "discarded" | "mixture";
            changedBytes: components["schemas"]["Bytes"];
            /** @description The first 1000 runs that changed, and of all conversions of one answer the first 65,536; left out with `Prefer: return=minimal`. */
            changed?: components["schemas"]["Section"][];
            /** @description More runs changed than `changed` has. */
            changedTruncated: boolean;
            /**
             * Format: int64
             * @description Grows by one with every committed change of the block.
             */
            generation: number;
            /** @description Listeners that were told, newest first. */
            notified: string[];
        };
        /** @description Done in this order, all of them or none. */
        NewConversionBatch: {
            conversions: components["schemas"]["NewConversion"][];
        };
        /** @description The conversions, which are one change of the block. */
        ConversionBatch: {
            conversions: components["schemas"]["Conversion"][];
            /**
             * Format: int64
             * @description Grows by one with every committed change of the block.
             */
            generation: number;
        };
        /** @description A range of guest physical addresses, page aligned, not empty. */
        NewMachineConversion: {
            gpa: components["schemas"]["ByteSize"];
            size: components["schemas"]["ByteSize"];
            /** @enum {string} */
            to: "shared" | "private";
        };
        /** @description A range of guest physical addresses. */
        GuestRange: {
            gpa: components["schemas"]["Bytes"];
            size: components["schemas"]["Bytes"];
        };
        MachineConversion: {
            gpa: components["schemas"]["Bytes"];
            size: components["schemas"]["Bytes"];
            /** @enum {string} */
            to: "shared" | "private";
            /** @description Of each block in the range, by ascending address. */
            conversions: components["schemas"]["Conversion"][];
            /** @description The parts of the range that are in no block. */
            unassigned: components["schemas"]["GuestRange"][];
        };
        /** @description Totals over the blocks of a machine; shared and private of those with RamBlockAttributes. */
        MachineSummary: {
            name: string;
            ramBlockCount: components["schemas"]["Count"];
            usedLength: components["schemas"]["Bytes"];
            maxLength: components["schemas"]["Bytes"];
            populatedBytes: components["schemas"]["Bytes"];
            sharedBytes: components["schemas"]["Bytes"];
            privateBytes: components["schemas"]["Bytes"];
            listenerCount: components["schemas"]["Count"];
        };
        MachineList: {
            items: components["schemas"]["MachineSummary"][];
            /** @description null on the last page. */
            nextCursor: string | null;
        };
        Machine: {
            name: string;
            ramBlockCount: components["schemas"]["Count"];
            usedLength: components["schemas"]["Bytes"];
            maxLength: components["schemas"]["Bytes"];
            populatedBytes: components["schemas"]["Bytes"];
            sharedBytes: components["schemas"]["Bytes"];
            privateBytes: components["schemas"]["Bytes"];
            listenerCount: components["schemas"]["Count"];
            /** @description Oldest first. */
            ramBlocks: components["schemas"]["RamBlock"][];
        };
        ConversionList: {
            items: components["schemas"]["Conversion"][];
            /** @description null on the last page. */
            nextCursor: string | null;
        };
        /** @description granularity: a power of two, at least the page size; may be left out for `ram-block-attributes` only. populated: what it has populated at first. */
        NewSource: {
            /**
             * @description Unique in the block; without control characters.
             * @example virtio-mem0
             */
            name: string;
            granularity?: components["schemas"]["ByteSize"];
            populated?: components["schemas"]["NewSection"][];
        };
        Source: {
            id: string;
            name: string;
            granularity: components["schemas"]["Bytes"];
            populatedBytes: components["schemas"]["Bytes"];
        };
        SourceList: {
            items: components["schemas"]["Source"][];
            /** @description null on the last page. */
            nextCursor: string | null;
        };
        /** @description Page aligned. offset: 0. size: to the end, following it. offsetWithinAddressSpace: gpa + offset, or offset. */
        NewListenerSection: {
            offset?: components["schemas"]["ByteSize"];
            size?: components["schemas"]["ByteSize"];
            offsetWithinAddressSpace?: components["schemas"]["ByteSize"];
        };
        /** @description granularity: a power of two, at least 4096; the block's page size where it is left out. */
        NewListener: {
            /** @example http://127.0.0.1:9000/ */
            url: string;
            /**
             * @description sync: must accept before a change is done, and may refuse a populate. async: is told afterwards.
             * @default sync
             * @enum {string}
             */
            mode?: "sync" | "async";
            section?: components["schemas"]["NewListenerSection"];
            granularity?: components["schemas"]["ByteSize"];
            /**
             * @description How unregistering discards: at once, or each run.
             * @default true
             */
            doubleDiscardSupported?: boolean;
            /**
             * @description false: the device pins all memory and cannot discard.
             * @default true
             */
            coordinatedDiscard?: boolean;
            /**
             * Format: int64
             * @description Of sync listeners: a populate that would need more mappings at its granularity is refused (VFIO type1: 65535).
             */
            dmaMaxMappings?: number | null;
            /**
             * @description Sections of one delivery.
             * @default 512
             */
            maxSections?: number;
            /**
             * @description Of one delivery, retries included.
             * @default 5000
             */
            timeoutMs?: number;
            /** @description For people; without control characters. */
            description?: string | null;
            /** @description `whsec_` and base64 of 24 to 64 bytes. */
            secret?: string;
        };
        /** @description The part of the block that a listener hears of. */
        ListenerSection: {
            offset: components["schemas"]["Bytes"];
            size: components["schemas"]["Bytes"];
            offsetWithinAddressSpace: components["schemas"]["Bytes"];
        };
        /** @description The pages that the listener was told of and has acknowledged; `mappings` are the pieces of its granularity that these runs touch. A delivery that an async listener did not acknowledge before it was given up changes nothing here, whatever the receiver did with it, until a replay or a `recovery` covers its pages. */
        ListenerMapped: {
            bytes: components["schemas"]["Bytes"];
            runs: components["schemas"]["Count"];
            mappings: components["schemas"]["Count"];
        };
        /** @description Pages that may or may not be mapped (unknown), or are owed a populate. */
        ListenerUnsettled: {
            bytes: components["schemas"]["Bytes"];
            runs: components["schemas"]["Count"];
            unknownBytes: components["schemas"]["Bytes"];
            /** @description The first 1000. */
            sections: components["schemas"]["Section"][];
        };
        /** @description How far its deliveries have come. Every delivery up to `acknowledgedSequence` is over: acknowledged, or given up by a skip, by a replay or because the listener was disabled. Of an async one what is acknowledged is shown once it is durable; a replay that has not begun is one pending delivery. */
        ListenerPosition: {
            /** Format: int64 */
            lastSequence: number;
            /** Format: int64 */
            acknowledgedSequence: number;
            pending: components["schemas"]["Count"];
            /** Format: date-time */
            oldestPendingAt: string | null;
        };
        Listener: {
            id: string;
            ramBlockId: string;
            url: string;
            /** @enum {string} */
            mode: "sync" | "async";
            section: components["schemas"]["ListenerSection"];
            granularity: components["schemas"]["Bytes"];
            doubleDiscardSupported: boolean;
            coordinatedDiscard: boolean;
            dmaMaxMappings: components["schemas"]["Count"] | null;
            /** @description Sections of one delivery. */
            maxSections: number;
            /** @description Of one delivery, retries included. */
            timeoutMs: number;
            description: string | null;
            /** @description For people: what may go wrong with it. */
            warnings: string[];
            /**
             * @description registering: its replay is not through. failing: ranges are unsettled (sync), or the last attempt failed (async). disabled: an async one that is told nothing. removing: a discard of its section is owed before it is forgotten.
             * @enum {string}
             */
            state: "registering" | "active" | "failing" | "disabled" | "removing";
            mapped: components["schemas"]["ListenerMapped"];
            unsettled: components["schemas"]["ListenerUnsettled"];
            position: components["schemas"]["ListenerPosition"];
            /** Format: date-time */
            createdAt: string;
        };
        RegisteredListener: {
            id: string;
            ramBlockId: string;
            url: string;
            /** @enum {string} */
            mode: "sync" | "async";
            section: components["schemas"]["ListenerSection"];
            granularity: components["schemas"]["Bytes"];
            doubleDiscardSupported: boolean;
            coordinatedDiscard: boolean;
            dmaMaxMappings: components["schemas"]["Count"] | null;
            /** @description Sections of one delivery. */
            maxSections: number;
            /** @description Of one delivery, retries included. */
            timeoutMs: number;
            description: string | null;
            /** @description For people: what may go wrong with it. */
            warnings: string[];
            /**
             * @description registering: its replay is not through. failing: ranges are unsettled (sync), or the last attempt failed (async). disabled: an async one that is told nothing. removing: a discard of its section is owed before it is forgotten.
             * @enum {string}
             */
            state: "registering" | "active" | "failing" | "disabled" | "removing";
            mapped: components["schemas"]["ListenerMapped"];
            unsettled: components["schemas"]["ListenerUnsettled"];
            position: components["schemas"]["ListenerPosition"];
            /** Format: date-time */
            createdAt: string;
            /** @description Shown in this answer only, and only if the service made it. */
            secret?: string;
        };
        /** @description Fields that are left out stay as they are. */
        ListenerUpdate: {
            /**
             * @description The same device at another address, from the next attempt on.
             * @example http://127.0.0.1:9000/
             */
            url?: string;
            /** @description Of one delivery, retries included. */
            timeoutMs?: number;
            /** @description For people; without control characters. */
            description?: string | null;
            /**
             * @description Of async listeners: while disabled nothing is queued; active starts with a replay.
             * @enum {string}
             */
            state?: "active" | "disabled";
        };
        /** @description The service makes a secret where none is given. */
        NewSecretRotation: {
            /**
             * @description How long the secret before it signs as well.
             * @default 86400
             */
            gracePeriodSeconds?: number;
            /** @description `whsec_` and base64 of 24 to 64 bytes. */
            secret?: string;
        };
        /** @description The new secret, shown in this answer only. */
        SecretRotation: {
            secret: string;
            /** Format: date-time */
            previousSecretUntil: string;
        };
        ListenerList: {
            items: components["schemas"]["Listener"][];
            /** @description null on the last page. */
            nextCursor: string | null;
        };
        /** @description One attempt to send a delivery. */
        Delivery: {
            /** @description The webhook-id. */
            id: string;
            /** Format: int64 */
            sequence: number;
            /** @enum {string} */
            type: "ram_block.populate" | "ram_block.discard";
            /** @enum {string} */
            reason: "conversion" | "registration" | "unregistration" | "rollback" | "replay" | "source" | "resize" | "recovery";
            attempt: components["schemas"]["Count"];
            /** @description null without an answer. */
            status: number | null;
            /** @enum {string} */
            outcome: "accepted" | "refused" | "unanswered";
            durationMs: components["schemas"]["Count"];
            /** Format: date-time */
            startedAt: string;
            responseExcerpt: string;
        };
        DeliveryList: {
            items: components["schemas"]["Delivery"][];
            /** @description null on the last page. */
            nextCursor: string | null;
        };
        /** @description QEMU's MemoryRegionSection. */
        WebhookSection: {
            offsetWithinRegion: components["schemas"]["Bytes"];
            size: components["schemas"]["Bytes"];
            offsetWithinAddressSpace: components["schemas"]["Bytes"];
        };
        /** @description The change, and the sections that it is about. */
        WebhookData: {
            ramBlockId: string;
            listenerId: string;
            machine: string;
            idstr: string;
            /**
             * Format: int64
             * @description Counts the deliveries of one listener.
             */
            sequence: number;
            /**
             * Format: int64
             * @description Every delivery up to this sequence is over for the service, answered or given up.
             */
            settledThrough: number;
            /**
             * Format: int64
             * @description Of the block: before the change for a sync listener, which is asked; after it for an async one.
             */
            generation: number;
            granularity: components["schemas"]["Bytes"];
            /** @enum {string} */
            reason: "conversion" | "registration" | "unregistration" | "rollback" | "replay" | "source" | "resize" | "recovery";
            /** @description null where it is of none, or of several (a batch, a bitmap). */
            conversionId: string | null;
            sections: components["schemas"]["WebhookSection"][];
        };
        /** @description These sections are about to become usable: map them, then answer 200 or 204; 403, 409 or 422 refuses. */
        PopulateWebhook: {
            /** @enum {string} */
            type: "ram_block.populate";
            /** Format: date-time */
            timestamp: string;
            data: components["schemas"]["WebhookData"];
        };
        /** @description These sections are about to become unusable: unmap them, then answer 2xx. What is not mapped is answered 2xx too. */
        DiscardWebhook: {
            /** @enum {string} */
            type: "ram_block.discard";
            /** Format: date-time */
            timestamp: string;
            data: components["schemas"]["WebhookData"];
        };
        /** @description A moment of the trace. */
        PlanMoment: {
            /**
             * Format: int64
             * @description Of the trace, from 1.
             */
            line: number;
            /** @description Since the first conversion. */
            at: number;
        };
        /** @description A RAM block of the memory layout. */
        PlanBlock: {
            idstr: string;
            /** @description null where the trace has only offsets in it. */
            gpa: components["schemas"]["Bytes"] | null;
            size: components["schemas"]["Bytes"];
            /** @description Made to fit the trace, in whole GiB. */
            guessed: boolean;
        };
        /** @description Lines that are conversions, but of no valid range. */
        PlanRefusal: {
            /**
             * @description `empty`: size 0. `unaligned`: not on page borders. `beyondLimit`: beyond 2^53-1. `unmappedToShared`: to shared, in no block (QEMU ignores it). `unmappedToPrivate`: to private, not wholly in blocks (EINVAL). `outsideBlock`: state change beyond the end of its block. `noBlock`: state change without --block.
             * @enum {string}
             */
            reason: "empty" | "unaligned" | "beyondLimit" | "unmappedToShared" | "unmappedToPrivate" | "outsideBlock" | "noBlock";
            lines: components["schemas"]["Count"];
            firstLine: components["schemas"]["Count"];
        };
        /** @description Lines of conversions by their event. */
        PlanEvents: {
            kvm_convert_memory: components["schemas"]["Count"];
            kvm_vm_set_mem_attributes: components["schemas"]["Count"];
            ram_block_attributes_state_change: components["schemas"]["Count"];
            kvm_hc_map_gpa_range: components["schemas"]["Count"];
            kvm_memory_fault: components["schemas"]["Count"];
            KVM_HC_MAP_GPA_RANGE: components["schemas"]["Count"];
            kvm_hypercall: components["schemas"]["Count"];
            kvm_vmgexit_msr_protocol_enter: components["schemas"]["Count"];
        };
        /** @description The events of the trace that are applied. */
        PlanChosen: {
            events: ("kvm_convert_memory" | "kvm_vm_set_mem_attributes" | "ram_block_attributes_state_change" | "kvm_hc_map_gpa_range" | "kvm_memory_fault" | "KVM_HC_MAP_GPA_RANGE" | "kvm_hypercall" | "kvm_vmgexit_msr_protocol_enter")[];
            /** @description Why these, in words. */
            reason: string;
        };
        /** @description Every line is in one of `applied`, `repeated`, `layout`, `foreign`, `refused`. */
        PlanLines: {
            total: components["schemas"]["Count"];
            applied: components["schemas"]["Count"];
            /**
             * Format: int64
             * @description Of other events than the chosen ones: the same conversions once more.
             */
            repeated: number;
            /**
             * Format: int64
             * @description Of `kvm_set_user_memory`, with a guest_memfd.
             */
            layout: number;
            /**
             * Format: int64
             * @description No conversions.
             */
            foreign: number;
            /** @description The last line names an event, but is not complete: it was still being written. It is foreign. */
            cutOff: boolean;
            refused: components["schemas"]["PlanRefusal"][];
            byEvent: components["schemas"]["PlanEvents"];
            chosen: components["schemas"]["PlanChosen"];
        };
        /** @description The time of the trace. */
        PlanClock: {
            /**
             * @description Of every time and duration of the plan; conversions where the first of them has no time.
             * @enum {string}
             */
            unit: "seconds" | "conversions";
            /** @description From the first conversion to the last. */
            duration: number;
        };
        /** @description More DMA mappings than the limit. */
        PlanExceeded: {
            first: components["schemas"]["PlanMoment"];
            /** @description In all. */
            duration: number;
            /**
             * Format: int64
             * @description After so many conversions there were too many mappings.
             */
            conversions: number;
            /**
             * Format: int64
             * @description How often it began.
             */
            times: number;
        };
        /** @description DMA mappings at a time. */
        PlanMappings: {
            /**
             * Format: int64
             * @description Also the smallest `dma_entry_limit` that is enough.
             */
            peak: number;
            peakAt: components["schemas"]["PlanMoment"] | null;
            /**
             * Format: int64
             * @description At the end of the trace.
             */
            end: number;
            /** @description null: never more than `limit`. */
            exceeded: components["schemas"]["PlanExceeded"] | null;
            /** @description The most in each step. */
            series: components["schemas"]["Count"][];
        };
        /** @description Bytes that are pinned. */
        PlanPinned: {
            /**
             * Format: int64
             * @description Also the smallest RLIMIT_MEMLOCK that is enough.
             */
            peakBytes: number;
            peakAt: components["schemas"]["PlanMoment"] | null;
            endBytes: components["schemas"]["Bytes"];
            /**
             * Format: int64
             * @description Pinned although private, at most.
             */
            peakPrivateBytes: number;
            /** @description The most in each step. */
            series: components["schemas"]["Bytes"][];
        };
        /** @description The needs of one way to follow shared memory. */
        PlanTracking: {
            /**
             * @description `page`: a DMA mapping for each shared page. `run`: one for each maximal run of them, the least there can be (VFIO cannot unmap a part of a mapping). Others: one for each aligned piece of the RAM block that holds a shared page; such a piece is mapped and pinned as a whole from its first shared page until its last one turns private, with the private pages in it.
             * @enum {string}
             */
            tracking: "page" | "run" | "64KiB" | "2MiB" | "1GiB";
            /** @description null for runs. */
            granularity: components["schemas"]["Bytes"] | null;
            mappings: components["schemas"]["PlanMappings"];
            pinned: components["schemas"]["PlanPinned"];
            /**
             * Format: int64
             * @description Conversions that turned pages private which stayed mapped with their piece. Where memory is converted in place they cannot be done.
             */
            pinnedConversions: number;
        };
        /** @description Conversions to shared, or to private. */
        PlanDirection: {
            conversions: components["schemas"]["Count"];
            bytes: components["schemas"]["Bytes"];
            changedBytes: components["schemas"]["Bytes"];
        };
        /** @description Conversions larger than half of `upTo`, at most `upTo`. */
        PlanSize: {
            upTo: components["schemas"]["Bytes"];
            toShared: components["schemas"]["Count"];
            toPrivate: components["schemas"]["Count"];
        };
        /** @description A second of the trace. */
        PlanSecond: {
            /**
             * Format: int64
             * @description Whole seconds since the first conversion.
             */
            at: number;
            conversions: components["schemas"]["Count"];
        };
        PlanConversions: {
            /**
             * Format: int64
             * @description One for each line that is applied.
             */
            total: number;
            changed: components["schemas"]["Count"];
            /**
             * Format: int64
             * @description Already in the wanted state.
             */
            unchanged: number;
            /**
             * Format: int64
             * @description Of a range that was partly shared and partly private.
             */
            mixed: number;
            /**
             * Format: int64
             * @description Over more than one RAM block.
             */
            acrossBlocks: number;
            toShared: components["schemas"]["PlanDirection"];
            toPrivate: components["schemas"]["PlanDirection"];
            /** @description On average; null without times. */
            perSecond: number | null;
            busiestSecond: components["schemas"]["PlanSecond"] | null;
            sizes: components["schemas"]["PlanSize"][];
        };
        /** @description Ranges that were shared so long. */
        PlanLifetime: {
            /** @description And not below that of the entry before. */
            below: number;
            ranges: components["schemas"]["Count"];
            bytes: components["schemas"]["Bytes"];
        };
        /** @description How long memory stays shared. A range is what turned shared at one moment and private by one conversion, as far as its pages are next to each other. */
        PlanLifetimes: {
            /**
             * Format: int64
             * @description That turned private again.
             */
            ranges: number;
            bytes: components["schemas"]["Bytes"];
            /** @description null without any. */
            shortest: number | null;
            /** @description null without any. */
            longest: number | null;
            /** @description Over ranges; null without any. */
            mean: number | null;
            histogram: components["schemas"]["PlanLifetime"][];
            stillSharedRanges: components["schemas"]["Count"];
            stillSharedBytes: components["schemas"]["Bytes"];
        };
        PlanPiece: {
            idstr: string;
            offset: components["schemas"]["Bytes"];
            gpa: components["schemas"]["Bytes"] | null;
            /**
             * Format: int64
             * @description That changed something in it.
             */
            conversions: number;
        };
        /** @description The pieces that are converted most often. Runs of more than 1 GiB are not counted. */
        PlanHottest: {
            pieceBytes: components["schemas"]["Bytes"];
            /** @description false: the counts are too low, for there were too many pieces. */
            exact: boolean;
            /** @description At most ten, those with most conversions first. */
            pieces: components["schemas"]["PlanPiece"][];
        };
        /** @description A webhook, and the line that it would tell of. */
        PlanRequest: {
            line: components["schemas"]["Count"];
            sections: components["schemas"]["Count"];
            bytes: components["schemas"]["Bytes"];
        };
        /** @description The webhooks that one listener on each RAM block would have been sent, with the defaults of the service. */
        PlanListener: {
            requests: components["schemas"]["Count"];
            populates: components["schemas"]["Count"];
            discards: components["schemas"]["Count"];
            sections: components["schemas"]["Count"];
            /**
             * Format: int64
             * @description Of JSON bodies.
             */
            bytes: number;
            largest: components["schemas"]["PlanRequest"] | null;
        };
        /** @description The needs of the conversions of a trace. All memory is private at first. */
        Plan: {
            blocks: components["schemas"]["PlanBlock"][];
            /**
             * @description Where the blocks are from: `map`, the request; `trace`, the `kvm_set_user_memory` lines before the first conversion to shared; `guess`, the addresses of the conversions.
             * @enum {string}
             */
            layout: "map" | "trace" | "guess";
            /**
             * Format: int64
             * @description What is pinned by who maps all of it.
             */
            ramBytes: number;
            lines: components["schemas"]["PlanLines"];
            clock: components["schemas"]["PlanClock"];
            /**
             * Format: int64
             * @description DMA mappings that there may be.
             */
            limit: number;
            /** @description The smallest that never needs more mappings than `limit`: 4 KiB, 64 KiB, 2 MiB, 1 GiB, or null. */
            smallestGranularity: components["schemas"]["Bytes"] | null;
            trackings: components["schemas"]["PlanTracking"][];
            conversions: components["schemas"]["PlanConversions"];
            lifetimes: components["schemas"]["PlanLifetimes"];
            hottest: components["schemas"]["PlanHottest"];
            listener: components["schemas"]["PlanListener"];
            /** @description Entry i of a series is of the time from i * step on, up to (i + 1) * step. */
            step: number;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listRamBlocks: {
        parameters: {
            query?: {
                machine?: string;
                idstr?: string;
                /** @description Items of a page. */
                limit?: number;
                /** @description The `nextCursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of blocks. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RamBlockList"];
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. `cursor-invalid`: The cursor is not one of this list. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createRamBlock: {
        parameters: {
            query?: never;
            header?: {
                /** @description A quoted string or bare token of 1 to 255 visible ASCII characters; kept 24 hours. */
                "idempotency-key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewRamBlock"];
            };
        };
        responses: {
            /** @description The block, all private. */
            201: {
                headers: {
                    /** @description The path of the new resource. */
                    location?: string;
                    /** @description The generation, for If-Match. */
                    etag?: string;
                    /** @description `true`: the stored answer to an Idempotency-Key. */
                    "idempotent-replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RamBlock"];
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `already-exists`: Already exists. `limit-reached`: There are as many as there may be. `idempotency-key-in-use`: A request with this Idempotency-Key is still running. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large`: Too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: Unsupported media type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid-range`: The range is not valid. `idempotency-key-reused`: The Idempotency-Key belongs to another request. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `overloaded`: Too much to do. `journal-unavailable`: The journal cannot be written. `not-owner`: Another process owns this machine. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getRamBlock: {
        parameters: {
            query?: never;
            header?: {
                /** @description Entity tags, or `*`: the generation of the RAM block, as `ETag` has it. A change is judged when it reaches the head of its queue. */
                "if-match"?: string;
            };
            path: {
                /** @description A RAM block. */
                ramBlockId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The block. */
            200: {
                headers: {
                    /** @description The generation, for If-Match. */
                    etag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RamBlock"];
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: Not found. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `generation-mismatch`: The generation is another one. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteRamBlock: {
        parameters: {
            query?: {
                /** @description Delete it even if a listener does not acknowledge. */
                force?: boolean;
            };
            header?: {
                /** @description Entity tags, or `*`: the generation of the RAM block, as `ETag` has it. A change is judged when it reaches the head of its queue. */
                "if-match"?: string;
            };
            path: {
                /** @description A RAM block. */
                ramBlockId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The block is deleted. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid-request`: The request does not fit the schema. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: Not found. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `has-listeners`: The RAM block still has listeners. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `generation-mismatch`: The generation is another one. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large`: Too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: Unsupported media type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `overloaded`: Too much to do. `journal-unavailable`: The journal cannot be written. `not-owner`: Another process owns this machine. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    resizeRamBlock: {
        parameters: {
            query?: never;
            header?: {
                /** @description Entity tags, or `*`: the generation of the RAM block, as `ETag` has it. A change is judged when it reaches the head of its queue. */
                "if-match"?: string;
            };
            path: {
                /** @description A RAM block. */
                ramBlockId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RamBlockUpdate"];
            };
        };
        responses: {
            /** @description The block. */
            200: {
                headers: {
                    /** @description The generation, for If-Match. */
                    etag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RamBlock"];
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: Not found. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-resizeable`: The RAM block is not resizeable. `section-cut`: The section of a listener would be cut. `listener-refused`: A listener refused the populate. `mapping-limit`: A listener would need too many DMA mappings. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `generation-mismatch`: The generation is another one. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large`: Too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: Unsupported media type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid-range`: The range is not valid. `too-many-runs`: The change has too many runs of pages. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `listener-unreachable`: A listener gave no usable answer. */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `discard-unacknowledged`: A discard was not acknowledged. `listener-unsettled`: A listener has ranges of unknown state. `overloaded`: Too much to do. `journal-unavailable`: The journal cannot be written. `not-owner`: Another process owns this machine. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listConversions: {
        parameters: {
            query?: {
                /** @description Items of a page. */
                limit?: number;
                /** @description The `nextCursor` of the page before. */
                cursor?: string;
            };
            header?: {
                /** @description Entity tags, or `*`: the generation of the RAM block, as `ETag` has it. A change is judged when it reaches the head of its queue. */
                "if-match"?: string;
            };
            path: {
                /** @description A RAM block. */
                ramBlockId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of the history. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversionList"];
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. `cursor-invalid`: The cursor is not one of this list. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: Not found. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `generation-mismatch`: The generation is another one. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `journal-unavailable`: The journal cannot be written. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    convert: {
        parameters: {
            query?: {
                /** @description Answer what would happen, and do nothing. */
                dryRun?: boolean;
            };
            header?: {
                /** @description Entity tags, or `*`: the generation of the RAM block, as `ETag` has it. A change is judged when it reaches the head of its queue. */
                "if-match"?: string;
                /** @description A quoted string or bare token of 1 to 255 visible ASCII characters; kept 24 hours. */
                "idempotency-key"?: string;
                /** @description `return=minimal` leaves `changed` out. */
                prefer?: string;
            };
            path: {
                /** @description A RAM block. */
                ramBlockId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewConversion"];
            };
        };
        responses: {
            /** @description What changed. */
            200: {
                headers: {
                    /** @description The generation, for If-Match. */
                    etag?: string;
                    /** @description `true`: the stored answer to an Idempotency-Key. */
                    "idempotent-replayed"?: string;
                    /** @description `return=minimal`, where that was preferred. */
                    "preference-applied"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Conversion"];
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: Not found. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `no-attributes`: The RAM block has no RamBlockAttributes. `listener-refused`: A listener refused the populate. `mapping-limit`: A listener would need too many DMA mappings. `idempotency-key-in-use`: A request with this Idempotency-Key is still running. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `generation-mismatch`: The generation is another one. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large`: Too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: Unsupported media type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid-range`: The range is not valid. `too-many-runs`: The change has too many runs of pages. `idempotency-key-reused`: The Idempotency-Key belongs to another request. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `listener-unreachable`: A listener gave no usable answer. */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `discard-unacknowledged`: A discard was not acknowledged. `listener-unsettled`: A listener has ranges of unknown state. `overloaded`: Too much to do. `journal-unavailable`: The journal cannot be written. `not-owner`: Another process owns this machine. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    convertBatch: {
        parameters: {
            query?: {
                /** @description Answer what would happen, and do nothing. */
                dryRun?: boolean;
            };
            header?: {
                /** @description Entity tags, or `*`: the generation of the RAM block, as `ETag` has it. A change is judged when it reaches the head of its queue. */
                "if-match"?: string;
                /** @description A quoted string or bare token of 1 to 255 visible ASCII characters; kept 24 hours. */
                "idempotency-key"?: string;
                /** @description `return=minimal` leaves `changed` out. */
                prefer?: string;
            };
            path: {
                /** @description A RAM block. */
                ramBlockId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewConversionBatch"];
            };
        };
        responses: {
            /** @description What each of them changed. */
            200: {
                headers: {
                    /** @description The generation, for If-Match. */
                    etag?: string;
                    /** @description `true`: the stored answer to an Idempotency-Key. */
                    "idempotent-replayed"?: string;
                    /** @description `return=minimal`, where that was preferred. */
                    "preference-applied"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversionBatch"];
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: Not found. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `no-attributes`: The RAM block has no RamBlockAttributes. `listener-refused`: A listener refused the populate. `mapping-limit`: A listener would need too many DMA mappings. `idempotency-key-in-use`: A request with this Idempotency-Key is still running. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `generation-mismatch`: The generation is another one. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large`: Too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: Unsupported media type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid-range`: The range is not valid. `too-many-runs`: The change has too many runs of pages. `idempotency-key-reused`: The Idempotency-Key belongs to another request. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `listener-unreachable`: A listener gave no usable answer. */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `discard-unacknowledged`: A discard was not acknowledged. `listener-unsettled`: A listener has ranges of unknown state. `overloaded`: Too much to do. `journal-unavailable`: The journal cannot be written. `not-owner`: Another process owns this machine. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    convertGuestMemory: {
        parameters: {
            query?: {
                /** @description Answer what would happen, and do nothing. */
                dryRun?: boolean;
            };
            header?: {
                /** @description A quoted string or bare token of 1 to 255 visible ASCII characters; kept 24 hours. */
                "idempotency-key"?: string;
                /** @description `return=minimal` leaves `changed` out. */
                prefer?: string;
            };
            path: {
                /** @description A machine. */
                machine: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewMachineConversion"];
            };
        };
        responses: {
            /** @description What changed in each block. */
            200: {
                headers: {
                    /** @description `true`: the stored answer to an Idempotency-Key. */
                    "idempotent-replayed"?: string;
                    /** @description `return=minimal`, where that was preferred. */
                    "preference-applied"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MachineConversion"];
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: Not found. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `no-attributes`: The RAM block has no RamBlockAttributes. `listener-refused`: A listener refused the populate. `mapping-limit`: A listener would need too many DMA mappings. `idempotency-key-in-use`: A request with this Idempotency-Key is still running. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large`: Too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: Unsupported media type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid-range`: The range is not valid. `too-many-runs`: The change has too many runs of pages. `idempotency-key-reused`: The Idempotency-Key belongs to another request. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `listener-unreachable`: A listener gave no usable answer. */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `discard-unacknowledged`: A discard was not acknowledged. `listener-unsettled`: A listener has ranges of unknown state. `overloaded`: Too much to do. `journal-unavailable`: The journal cannot be written. `not-owner`: Another process owns this machine. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    changeSource: {
        parameters: {
            query?: never;
            header?: {
                /** @description Entity tags, or `*`: the generation of the RAM block, as `ETag` has it. A change is judged when it reaches the head of its queue. */
                "if-match"?: string;
                /** @description A quoted string or bare token of 1 to 255 visible ASCII characters; kept 24 hours. */
                "idempotency-key"?: string;
                /** @description `return=minimal` leaves `changed` out. */
                prefer?: string;
            };
            path: {
                /** @description A RAM block. */
                ramBlockId: string;
                /** @description A source of it. */
                sourceId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SourceChange"];
            };
        };
        responses: {
            /** @description What changed. */
            200: {
                headers: {
                    /** @description The generation, for If-Match. */
                    etag?: string;
                    /** @description `true`: the stored answer to an Idempotency-Key. */
                    "idempotent-replayed"?: string;
                    /** @description `return=minimal`, where that was preferred. */
                    "preference-applied"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Conversion"];
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: Not found. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `listener-refused`: A listener refused the populate. `mapping-limit`: A listener would need too many DMA mappings. `idempotency-key-in-use`: A request with this Idempotency-Key is still running. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `generation-mismatch`: The generation is another one. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large`: Too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: Unsupported media type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid-range`: The range is not valid. `too-many-runs`: The change has too many runs of pages. `idempotency-key-reused`: The Idempotency-Key belongs to another request. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `listener-unreachable`: A listener gave no usable answer. */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `discard-unacknowledged`: A discard was not acknowledged. `listener-unsettled`: A listener has ranges of unknown state. `overloaded`: Too much to do. `journal-unavailable`: The journal cannot be written. `not-owner`: Another process owns this machine. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listMachines: {
        parameters: {
            query?: {
                /** @description Items of a page. */
                limit?: number;
                /** @description The `nextCursor` of the page before. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of machines. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MachineList"];
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. `cursor-invalid`: The cursor is not one of this list. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getMachine: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A machine. */
                machine: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The machine. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Machine"];
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: Not found. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getState: {
        parameters: {
            query?: {
                offset?: components["schemas"]["ByteSize"];
                size?: components["schemas"]["ByteSize"];
                /** @description The name of one source; left out, the AND of all sources. */
                source?: string;
            };
            header?: {
                /** @description Entity tags, or `*`: the generation of the RAM block, as `ETag` has it. A change is judged when it reaches the head of its queue. */
                "if-match"?: string;
            };
            path: {
                /** @description A RAM block. */
                ramBlockId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The state of the range. */
            200: {
                headers: {
                    /** @description The generation, for If-Match. */
                    etag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RangeState"];
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: Not found. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `generation-mismatch`: The generation is another one. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid-range`: The range is not valid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listSections: {
        parameters: {
            query?: {
                state?: "populated" | "discarded";
                offset?: components["schemas"]["ByteSize"];
                size?: components["schemas"]["ByteSize"];
                /** @description The name of one source; left out, the AND of all sources. */
                source?: string;
                /** @description Items of a page. */
                limit?: number;
                /** @description The `nextCursor` of the page before. */
                cursor?: string;
            };
            header?: {
                /** @description Entity tags, or `*`: the generation of the RAM block, as `ETag` has it. A change is judged when it reaches the head of its queue. */
                "if-match"?: string;
            };
            path: {
                /** @description A RAM block. */
                ramBlockId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of runs. */
            200: {
                headers: {
                    /** @description The generation, for If-Match. */
                    etag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SectionList"];
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. `cursor-invalid`: The cursor is not one of this list. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: Not found. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `generation-mismatch`: The generation is another one. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid-range`: The range is not valid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getDensity: {
        parameters: {
            query?: {
                offset?: components["schemas"]["ByteSize"];
                size?: components["schemas"]["ByteSize"];
                /** @description The name of one source; left out, the AND of all sources. */
                source?: string;
                /** @description The most cells that the answer has. */
                cells?: number;
            };
            header?: {
                /** @description Entity tags, or `*`: the generation of the RAM block, as `ETag` has it. A change is judged when it reaches the head of its queue. */
                "if-match"?: string;
            };
            path: {
                /** @description A RAM block. */
                ramBlockId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The cells. */
            200: {
                headers: {
                    /** @description The generation, for If-Match. */
                    etag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Density"];
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: Not found. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `generation-mismatch`: The generation is another one. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid-range`: The range is not valid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getBitmap: {
        parameters: {
            query?: {
                offset?: components["schemas"]["ByteSize"];
                size?: components["schemas"]["ByteSize"];
                /** @description The name of one source; left out, the AND of all sources. */
                source?: string;
            };
            header?: {
                /** @description Entity tags, or `*`: the generation of the RAM block, as `ETag` has it. A change is judged when it reaches the head of its queue. */
                "if-match"?: string;
            };
            path: {
                /** @description A RAM block. */
                ramBlockId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The bitmap. */
            200: {
                headers: {
                    /** @description The generation, for If-Match. */
                    etag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: Not found. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `generation-mismatch`: The generation is another one. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large`: Too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid-range`: The range is not valid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `overloaded`: Too much to do. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    setBitmap: {
        parameters: {
            query?: {
                offset?: components["schemas"]["ByteSize"];
                size?: components["schemas"]["ByteSize"];
            };
            header?: {
                /** @description Entity tags, or `*`: the generation of the RAM block, as `ETag` has it. A change is judged when it reaches the head of its queue. */
                "if-match"?: string;
            };
            path: {
                /** @description A RAM block. */
                ramBlockId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description At most two: what turned private, and what turned shared. */
            200: {
                headers: {
                    /** @description The generation, for If-Match. */
                    etag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversionBatch"];
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: Not found. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `no-attributes`: The RAM block has no RamBlockAttributes. `listener-refused`: A listener refused the populate. `mapping-limit`: A listener would need too many DMA mappings. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `generation-mismatch`: The generation is another one. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large`: Too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: Unsupported media type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid-range`: The range is not valid. `too-many-runs`: The change has too many runs of pages. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `listener-unreachable`: A listener gave no usable answer. */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `discard-unacknowledged`: A discard was not acknowledged. `listener-unsettled`: A listener has ranges of unknown state. `overloaded`: Too much to do. `journal-unavailable`: The journal cannot be written. `not-owner`: Another process owns this machine. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listSources: {
        parameters: {
            query?: {
                /** @description Items of a page. */
                limit?: number;
                /** @description The `nextCursor` of the page before. */
                cursor?: string;
            };
            header?: {
                /** @description Entity tags, or `*`: the generation of the RAM block, as `ETag` has it. A change is judged when it reaches the head of its queue. */
                "if-match"?: string;
            };
            path: {
                /** @description A RAM block. */
                ramBlockId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of sources. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SourceList"];
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. `cursor-invalid`: The cursor is not one of this list. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: Not found. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `generation-mismatch`: The generation is another one. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    addSource: {
        parameters: {
            query?: never;
            header?: {
                /** @description Entity tags, or `*`: the generation of the RAM block, as `ETag` has it. A change is judged when it reaches the head of its queue. */
                "if-match"?: string;
                /** @description A quoted string or bare token of 1 to 255 visible ASCII characters; kept 24 hours. */
                "idempotency-key"?: string;
            };
            path: {
                /** @description A RAM block. */
                ramBlockId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewSource"];
            };
        };
        responses: {
            /** @description The source. */
            201: {
                headers: {
                    /** @description The path of the new resource. */
                    location?: string;
                    /** @description `true`: the stored answer to an Idempotency-Key. */
                    "idempotent-replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Source"];
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: Not found. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `already-exists`: Already exists. `limit-reached`: There are as many as there may be. `coordinated-discard-required`: The listener cannot live with discards. `idempotency-key-in-use`: A request with this Idempotency-Key is still running. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `generation-mismatch`: The generation is another one. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large`: Too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: Unsupported media type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid-range`: The range is not valid. `too-many-runs`: The change has too many runs of pages. `idempotency-key-reused`: The Idempotency-Key belongs to another request. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `discard-unacknowledged`: A discard was not acknowledged. `listener-unsettled`: A listener has ranges of unknown state. `overloaded`: Too much to do. `journal-unavailable`: The journal cannot be written. `not-owner`: Another process owns this machine. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getSource: {
        parameters: {
            query?: never;
            header?: {
                /** @description Entity tags, or `*`: the generation of the RAM block, as `ETag` has it. A change is judged when it reaches the head of its queue. */
                "if-match"?: string;
            };
            path: {
                /** @description A RAM block. */
                ramBlockId: string;
                /** @description A source of it. */
                sourceId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The source. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Source"];
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: Not found. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `generation-mismatch`: The generation is another one. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    removeSource: {
        parameters: {
            query?: {
                /** @description Delete it even if a listener does not acknowledge. */
                force?: boolean;
            };
            header?: {
                /** @description Entity tags, or `*`: the generation of the RAM block, as `ETag` has it. A change is judged when it reaches the head of its queue. */
                "if-match"?: string;
            };
            path: {
                /** @description A RAM block. */
                ramBlockId: string;
                /** @description A source of it. */
                sourceId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The source is removed. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid-request`: The request does not fit the schema. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: Not found. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `listener-refused`: A listener refused the populate. `mapping-limit`: A listener would need too many DMA mappings. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `generation-mismatch`: The generation is another one. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large`: Too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: Unsupported media type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-runs`: The change has too many runs of pages. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `listener-unreachable`: A listener gave no usable answer. */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `listener-unsettled`: A listener has ranges of unknown state. `overloaded`: Too much to do. `journal-unavailable`: The journal cannot be written. `not-owner`: Another process owns this machine. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listListeners: {
        parameters: {
            query?: {
                /** @description Items of a page. */
                limit?: number;
                /** @description The `nextCursor` of the page before. */
                cursor?: string;
            };
            header?: {
                /** @description Entity tags, or `*`: the generation of the RAM block, as `ETag` has it. A change is judged when it reaches the head of its queue. */
                "if-match"?: string;
            };
            path: {
                /** @description A RAM block. */
                ramBlockId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of listeners. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListenerList"];
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. `cursor-invalid`: The cursor is not one of this list. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: Not found. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `generation-mismatch`: The generation is another one. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    registerListener: {
        parameters: {
            query?: never;
            header?: {
                /** @description Entity tags, or `*`: the generation of the RAM block, as `ETag` has it. A change is judged when it reaches the head of its queue. */
                "if-match"?: string;
                /** @description A quoted string or bare token of 1 to 255 visible ASCII characters; kept 24 hours. */
                "idempotency-key"?: string;
            };
            path: {
                /** @description A RAM block. */
                ramBlockId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewListener"];
            };
        };
        responses: {
            /** @description The listener; a sync one has accepted the replay. */
            201: {
                headers: {
                    /** @description The path of the new resource. */
                    location?: string;
                    /** @description `true`: the stored answer to an Idempotency-Key. */
                    "idempotent-replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegisteredListener"];
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: Not found. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `coordinated-discard-required`: The listener cannot live with discards. `listener-refused`: A listener refused the populate. `limit-reached`: There are as many as there may be. `mapping-limit`: A listener would need too many DMA mappings. `idempotency-key-in-use`: A request with this Idempotency-Key is still running. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `generation-mismatch`: The generation is another one. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large`: Too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: Unsupported media type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid-range`: The range is not valid. `too-many-runs`: The change has too many runs of pages. `target-not-allowed`: The URL is outside the allowed targets. `idempotency-key-reused`: The Idempotency-Key belongs to another request. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `listener-unreachable`: A listener gave no usable answer. */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `overloaded`: Too much to do. `journal-unavailable`: The journal cannot be written. `not-owner`: Another process owns this machine. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getListener: {
        parameters: {
            query?: never;
            header?: {
                /** @description Entity tags, or `*`: the generation of the RAM block, as `ETag` has it. A change is judged when it reaches the head of its queue. */
                "if-match"?: string;
            };
            path: {
                /** @description A RAM block. */
                ramBlockId: string;
                /** @description A listener of it. */
                listenerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The listener. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listener"];
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: Not found. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `generation-mismatch`: The generation is another one. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    unregisterListener: {
        parameters: {
            query?: {
                /** @description Delete it even if a listener does not acknowledge. */
                force?: boolean;
            };
            header?: {
                /** @description Entity tags, or `*`: the generation of the RAM block, as `ETag` has it. A change is judged when it reaches the head of its queue. */
                "if-match"?: string;
            };
            path: {
                /** @description A RAM block. */
                ramBlockId: string;
                /** @description A listener of it. */
                listenerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The listener is unregistered. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid-request`: The request does not fit the schema. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: Not found. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `generation-mismatch`: The generation is another one. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large`: Too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: Unsupported media type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-runs`: The change has too many runs of pages. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `discard-unacknowledged`: A discard was not acknowledged. `listener-unsettled`: A listener has ranges of unknown state. `overloaded`: Too much to do. `journal-unavailable`: The journal cannot be written. `not-owner`: Another process owns this machine. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    updateListener: {
        parameters: {
            query?: never;
            header?: {
                /** @description Entity tags, or `*`: the generation of the RAM block, as `ETag` has it. A change is judged when it reaches the head of its queue. */
                "if-match"?: string;
            };
            path: {
                /** @description A RAM block. */
                ramBlockId: string;
                /** @description A listener of it. */
                listenerId: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ListenerUpdate"];
            };
        };
        responses: {
            /** @description The listener. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listener"];
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: Not found. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `listener-not-async`: Only an async listener can do this. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `generation-mismatch`: The generation is another one. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large`: Too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: Unsupported media type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `target-not-allowed`: The URL is outside the allowed targets. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `overloaded`: Too much to do. `journal-unavailable`: The journal cannot be written. `not-owner`: Another process owns this machine. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listDeliveries: {
        parameters: {
            query?: {
                /** @description Items of a page. */
                limit?: number;
                /** @description The `nextCursor` of the page before. */
                cursor?: string;
            };
            header?: {
                /** @description Entity tags, or `*`: the generation of the RAM block, as `ETag` has it. A change is judged when it reaches the head of its queue. */
                "if-match"?: string;
            };
            path: {
                /** @description A RAM block. */
                ramBlockId: string;
                /** @description A listener of it. */
                listenerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of attempts. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryList"];
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. `cursor-invalid`: The cursor is not one of this list. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: Not found. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `generation-mismatch`: The generation is another one. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    replayListener: {
        parameters: {
            query?: never;
            header?: {
                /** @description Entity tags, or `*`: the generation of the RAM block, as `ETag` has it. A change is judged when it reaches the head of its queue. */
                "if-match"?: string;
                /** @description A quoted string or bare token of 1 to 255 visible ASCII characters; kept 24 hours. */
                "idempotency-key"?: string;
            };
            path: {
                /** @description A RAM block. */
                ramBlockId: string;
                /** @description A listener of it. */
                listenerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The listener, which has accepted the replay. */
            200: {
                headers: {
                    /** @description `true`: the stored answer to an Idempotency-Key. */
                    "idempotent-replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listener"];
                };
            };
            /** @description The listener, which is async: the replay will follow. */
            202: {
                headers: {
                    /** @description `true`: the stored answer to an Idempotency-Key. */
                    "idempotent-replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listener"];
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: Not found. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `listener-refused`: A listener refused the populate. `idempotency-key-in-use`: A request with this Idempotency-Key is still running. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `generation-mismatch`: The generation is another one. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large`: Too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: Unsupported media type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-runs`: The change has too many runs of pages. `idempotency-key-reused`: The Idempotency-Key belongs to another request. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `listener-unreachable`: A listener gave no usable answer. */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `discard-unacknowledged`: A discard was not acknowledged. `listener-unsettled`: A listener has ranges of unknown state. `overloaded`: Too much to do. `journal-unavailable`: The journal cannot be written. `not-owner`: Another process owns this machine. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    rotateSecret: {
        parameters: {
            query?: never;
            header?: {
                /** @description Entity tags, or `*`: the generation of the RAM block, as `ETag` has it. A change is judged when it reaches the head of its queue. */
                "if-match"?: string;
                /** @description A quoted string or bare token of 1 to 255 visible ASCII characters; kept 24 hours. */
                "idempotency-key"?: string;
            };
            path: {
                /** @description A RAM block. */
                ramBlockId: string;
                /** @description A listener of it. */
                listenerId: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["NewSecretRotation"];
            };
        };
        responses: {
            /** @description The new secret. */
            200: {
                headers: {
                    /** @description `true`: the stored answer to an Idempotency-Key. */
                    "idempotent-replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SecretRotation"];
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: Not found. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-in-use`: A request with this Idempotency-Key is still running. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `generation-mismatch`: The generation is another one. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large`: Too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: Unsupported media type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: The Idempotency-Key belongs to another request. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `overloaded`: Too much to do. `journal-unavailable`: The journal cannot be written. `not-owner`: Another process owns this machine. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    retryListener: {
        parameters: {
            query?: never;
            header?: {
                /** @description Entity tags, or `*`: the generation of the RAM block, as `ETag` has it. A change is judged when it reaches the head of its queue. */
                "if-match"?: string;
                /** @description A quoted string or bare token of 1 to 255 visible ASCII characters; kept 24 hours. */
                "idempotency-key"?: string;
            };
            path: {
                /** @description A RAM block. */
                ramBlockId: string;
                /** @description A listener of it. */
                listenerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The listener as it was. */
            202: {
                headers: {
                    /** @description `true`: the stored answer to an Idempotency-Key. */
                    "idempotent-replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listener"];
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: Not found. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `listener-not-async`: Only an async listener can do this. `idempotency-key-in-use`: A request with this Idempotency-Key is still running. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `generation-mismatch`: The generation is another one. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large`: Too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: Unsupported media type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: The Idempotency-Key belongs to another request. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `overloaded`: Too much to do. `journal-unavailable`: The journal cannot be written. `not-owner`: Another process owns this machine. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    skipDelivery: {
        parameters: {
            query?: never;
            header?: {
                /** @description Entity tags, or `*`: the generation of the RAM block, as `ETag` has it. A change is judged when it reaches the head of its queue. */
                "if-match"?: string;
                /** @description A quoted string or bare token of 1 to 255 visible ASCII characters; kept 24 hours. */
                "idempotency-key"?: string;
            };
            path: {
                /** @description A RAM block. */
                ramBlockId: string;
                /** @description A listener of it. */
                listenerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The listener as it was. */
            202: {
                headers: {
                    /** @description `true`: the stored answer to an Idempotency-Key. */
                    "idempotent-replayed"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listener"];
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: Not found. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `listener-not-async`: Only an async listener can do this. `idempotency-key-in-use`: A request with this Idempotency-Key is still running. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `generation-mismatch`: The generation is another one. */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large`: Too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: Unsupported media type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: The Idempotency-Key belongs to another request. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `overloaded`: Too much to do. `journal-unavailable`: The journal cannot be written. `not-owner`: Another process owns this machine. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    followEvents: {
        parameters: {
            query?: {
                /** @description Only events of this machine. */
                machine?: string;
                /** @description Only events of this RAM block. */
                ramBlockId?: string;
                /** @description Go on after the event with this id; so does Last-Event-ID. */
                after?: string;
            };
            header?: {
                /** @description Go on after the event with this id. */
                "last-event-id"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The events. It does not end. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `events-expired`: These events are no longer kept. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    planTrace: {
        parameters: {
            query?: {
                /**
                 * @description GPA:SIZE[:IDSTR], a RAM block at these guest physical addresses; GPA:SIZE@OFFSET:IDSTR for a part of one. Sizes as ByteSize. Repeated for more. Without any, they are those of the trace's `kvm_set_user_memory` lines, else guessed from its addresses.
                 * @example [
                 *       "0:2G:ram-low",
                 *       "4G:14G:ram-high"
                 *     ]
                 */
                map?: string[];
                /** @description The idstr of the RAM block of `ram_block_attributes_state_change` lines. */
                block?: string;
                /** @description DMA mappings that there may be. */
                limit?: number;
                /** @description Steps of each series, at most. */
                points?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "text/plain": string;
                "application/x-ndjson": string;
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description The plan. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Plan"];
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large`: Too large. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: Unsupported media type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid-range`: The range is not valid. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `overloaded`: Too much to do. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getLivez: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The process is alive. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getReadyz: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description They are. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Health"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `overloaded`: Too much to do. `journal-unavailable`: The journal cannot be written. `not-owner`: Another process owns this machine. */
            503: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The text format. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description `invalid-request`: The request does not fit the schema. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: No token, or an unknown one. */
            401: {
                headers: {
                    /** @description `Bearer`. */
                    "www-authenticate"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: Not allowed. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getOpenApi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The document. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenApiDocument"];
                };
            };
            /** @description `not-acceptable`: None of the accepted media types can be given. */
            406: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    /** @description The limit (draft-ietf-httpapi-ratelimit-headers-11), on every answer where there is one. */
                    "ratelimit-policy"?: string;
                    /** @description The rest of the limit, on every answer where there is one. */
                    ratelimit?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Any other problem, such as 405, 408, 431 or 500; 503 `overloaded` while the service starts. */
            default: {
                headers: {
                    /** @description Seconds. */
                    "retry-after"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    receivePopulate: {
        parameters: {
            query?: never;
            header: {
                /** @description Unique to a delivery; its retries keep it. */
                "webhook-id": string;
                /** @description Seconds since the epoch, of this attempt. */
                "webhook-timestamp": string;
                /** @description Standard Webhooks 1.0.0: `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`. */
                "webhook-signature": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PopulateWebhook"];
            };
        };
        responses: {
            /** @description Accepted: it is mapped. So is 204; nothing else is. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Refused (403 and 422 too); `detail` and `errno` are passed on. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": Record<string, never>;
                };
            };
        };
    };
    receiveDiscard: {
        parameters: {
            query?: never;
            header: {
                /** @description Unique to a delivery; its retries keep it. */
                "webhook-id": string;
                /** @description Seconds since the epoch, of this attempt. */
                "webhook-timestamp": string;
                /** @description Standard Webhooks 1.0.0: `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`. */
                "webhook-signature": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DiscardWebhook"];
            };
        };
        responses: {
            /** @description Acknowledged: nothing of it is mapped. Anything else is tried again until the deadline. */
            "2XX": {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
}
