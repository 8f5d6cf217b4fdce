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
}
export const UP: readonly string[] = "acc accuracy adj_r2 adjusted_mutual_info adjusted_r2 adjusted_rand auc aucpr auprc auroc average_precision balancedaccuracy calinski_harabasz cohen_kappa completeness dcg explained_variance f1 f2 f_beta fbeta fowlkes_mallows homogeneity iou jaccard kappa label_ranking_average_precision matthews matthews_corrcoef mcc mutual_info ndcg normalized_mutual_info pr_auc precision r2 r_squared rand rand_index recall roc_auc score sensitivity silhouette specificity v_measure".split(" ");
export const DOWN: readonly string[] = "brier brier_score cross_entropy crossentropy crps davies_bouldin davies_bouldin_score deviance error error_rate log_loss logloss loss mae mape medae merror mse msle perplexity rmse rmsle smape".split(" ");
export const FAMILIES: readonly string[] = "f1 f2 fbeta precision recall jaccard accuracy auc roc_auc ndcg average_precision".split(" ");
export const NO_MEASURE: readonly string[] = "change count delta diff gap rank sd seconds sem std support threshold time".split(" ");
export const MODEL_TYPES: readonly string[] = "classification regression clustering transformation outlier_detection other".split(" ");
export const PREFIXES = new RegExp("^(?:(?:(?:train|training|test|eval|dev|val|valid|validation|cv|oob|oof|holdout)(?:_\\d{1,3})?|mean|balanced|weighted|macro|micro|top_k)_)");
export const MAX_NAME = 100;
