/** Which way a metric gets better; "" where nobody knows. */
export type Direction = 'higher' | 'lower' | '';

const HIGHER = new Set(
  `acc accuracy auc auroc auprc ap f1 f2 fbeta precision recall r2 score map ndcg mrr iou dice jaccard
  bleu rouge meteor kappa mcc sensitivity specificity silhouette psnr ssim likelihood reward return
  ari nmi gini lift hits`.split(/\s+/)
);
const LOWER = new Set(
  `loss error err errors mse rmse mae mape smape msle rmsle medae logloss nll brier perplexity ppl wer cer
  fid eer aic bic deviance rss sse residual residuals inertia regret latency duration seconds time`.split(
    /\s+/
  )
);

/** What the name of a metric says: `val_rmse` is better when lower, `test.F1` when higher. */
export function directionOf(name: string): Direction {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  if (words.some(word => LOWER.has(word))) {
    return 'lower'; // an error of a score is still an error
  }
  return words.some(word => HIGHER.has(word)) ? 'higher' : '';
}

/** The next one when the user does not agree. */
export function turned(direction: Direction): Direction {
  const next: Record<Direction, Direction> = { higher: 'lower', lower: '', '': 'higher' };
  return next[direction];
}
