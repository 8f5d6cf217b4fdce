// Made from jupyter_modelstore/record.py by scripts/record_ts.py. Do not edit.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface ModelRecord {
  readonly id: string;
  readonly user_id: string;
  readonly space_id: string;
  readonly model_name: string;
  readonly version: number;
  readonly save_id: string | null;
  readonly file_id: string | null;
  readonly status: string;
  readonly model_type: string;
  readonly algorithm: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly metrics: { readonly [key: string]: Json };
  readonly training_config: { readonly [key: string]: Json };
  readonly feature_columns: readonly string[] | null;
  readonly target_column: string | null;
  readonly training_time_seconds: number | null;
  readonly training_samples: number | null;
  readonly test_samples: number | null;
  readonly model_file_path: string;
  readonly model_file_size: number;
  readonly sha256: string | null;
  readonly head_blake3: string | null;
  readonly format: string;
  readonly format_version: number;
  readonly origin: string;
  readonly environment: { readonly [key: string]: Json };
  readonly source: { readonly [key: string]: Json };
  readonly signature: { readonly [key: string]: Json };
  readonly created_at: string;
  readonly updated_at: string;
  readonly last_downloaded_at: string | null;
  readonly deleted_at: string | null;
  readonly aliases: readonly string[];
  readonly extra: { readonly [key: string]: Json };
}

export interface Unattached {
  readonly name: string;
  readonly value: number | null;
  readonly reason: string;
  readonly cell: number | null;
  readonly code: string;
}

export interface Page {
  readonly records: readonly ModelRecord[];
  readonly total: number;
  readonly offset: number;
  readonly limit: number;
}

export interface Facets {
  readonly tags: { readonly [key: string]: number };
  readonly algorithms: { readonly [key: string]: number };
  readonly model_types: { readonly [key: string]: number };
}

export interface Stats {
  readonly models: number;
  readonly versions_ready: number;
  readonly trash: number;
  readonly storage_bytes: number;
  readonly trash_bytes: number;
  readonly quota_bytes: number | null;
}

export interface AliasEvent {
  readonly model_name: string;
  readonly alias: string;
  readonly version: number | null;
  readonly previous: number | null;
  readonly at: string;
  readonly who: string;
  readonly why: string;
}

export interface Saved {
  readonly record: ModelRecord;
  readonly created: boolean;
}

export interface Removal {
  readonly records: readonly ModelRecord[];
  readonly bytes: number;
  readonly purge_after: string | null;
  readonly removed_aliases: readonly string[];
  readonly returned_aliases: readonly (readonly [string, string])[];
  readonly former_aliases: readonly string[];
}

export interface Row {
  readonly name: string;
  readonly values: readonly Json[];
  readonly differs: boolean;
  readonly best: number | null;
}

export interface Comparison {
  readonly records: readonly ModelRecord[];
  readonly sections: { readonly [key: string]: readonly Row[] };
  readonly remark: string;
}
export const MAX_NAME = 100;
