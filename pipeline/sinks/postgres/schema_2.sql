-- What a decision says only when there is reason to: warming features, failed plug-ins.

ALTER TABLE risk_scores ADD COLUMN marks jsonb;
