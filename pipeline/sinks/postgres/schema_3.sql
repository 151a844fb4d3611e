-- Events whose id was used again: found by the id their sender gave.

CREATE INDEX risk_scores_reused ON risk_scores (event_id) WHERE marks ? 'content_hash';
